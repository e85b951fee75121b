// Text to tokens: what the regular expression of tokens.py finds in it, and a number for each different one.
//
// Every alternative of the expression is a function below; none of them ever has to go back, since what may follow a
// choice begins with characters that the choice cannot take. Texts are code points with a zero before and behind them.
#include <stdint.h>
#include <string.h>

#include "vector.h"

// characters.Kind, in the lowest four bits of a character's traits.
enum { SEPARATOR, CAPITAL, LETTER, IGNORED, JOINER, APOSTROPHE, HYPHEN, LINKING, PAUSE, END, STOP, LINE, EMOJI, FLAG };
// The other bits: \s, \w and \d of regular expressions, and what a word may be made of.
enum { KIND = 15, BLANK = 16, ALPHANUMERIC = 32, DIGIT = 64, OF_WORD = 128 };
enum { ADDRESS_AHEAD = 64, PLACES = 0x110000 };

typedef struct {
    const uint32_t *text;
    const uint8_t *traits; // [0x110000]
} Source;

INLINE uint8_t trait(const Source *s, int64_t i) { return s->traits[s->text[i]]; }
INLINE int kind(const Source *s, int64_t i) { return trait(s, i) & KIND; }
INLINE int of_word(const Source *s, int64_t i) { return trait(s, i) & OF_WORD; }
INLINE int is_between(uint32_t c, uint32_t first, uint32_t last) { return c - first <= last - first; }
INLINE int is_letter(uint32_t c) { return is_between(c | 32, 'a', 'z'); }
INLINE int is_of_host(uint32_t c) { return is_letter(c) || is_between(c, '0', '9') || c == '-'; }
INLINE int is_of_address(uint32_t c) { return is_of_host(c) || c == '.' || c == '_' || c == '+'; }
INLINE int is_of_path(uint32_t c) { return c == '!' || is_between(c, '#', ';') || c == '=' || is_between(c, '?', '~'); }
INLINE int is_hebrew(uint32_t c) { return is_between(c, 0x5d0, 0x5ea); }
INLINE int is_quote(uint32_t c) { return c == '"' || c == 0x201c || c == 0x201d; }
INLINE int is_wide_digit(uint32_t c) { return is_between(c, 0xff10, 0xff19); }

static int is_one_of(uint32_t c, const uint16_t *these) {
    while (*these && *these != c) these++;
    return *these != 0;
}

static const uint16_t CLOSING[] = {'"', '\'', 0x201d, 0x2019, ')', ']', 0xbb, 0x203a, 0x300d, 0x300f, 0x3011, 0xff09, 0};
static const uint16_t OPENING[] = {'"', '\'', 0x201c, 0x2018, '(', '[', '{', 0xbf, 0xa1, 0xab, 0x2039,
                                   0x201e, 0x201a, 0x300c, 0x300e, 0x3010, 0xff08, 0};
static const uint16_t BEFORE_DOT[] = {'(', '[', '{', '"', '\'', 0x201c, 0x2018, '/', ',', ';', ':', 0};
static const char *const TITLES[] = {"Mr", "Mrs", "Ms", "Dr", "St", "Mt", "Jr", "Sr", "Prof", "Gen",
                                     "Col", "Lt", "Capt", "Rev", "Gov", "Sen", "vs", 0};
static const char *const DOTTED[] = {"net", "com", "org", "edu", "gov", "mil", "io", "exe", "pdf", "txt", "zip",
                                     "csv", "xml", "html", "js", "py", "mp3", "mp4", "jpg", "png", "gif", 0};

INLINE int64_t end_of_word(const Source *s, int64_t i) {
    while (of_word(s, i)) i++;
    return i;
}

// 's, where no word goes on behind it.
INLINE int is_possessive(const Source *s, int64_t i) {
    return kind(s, i) == APOSTROPHE && (s->text[i + 1] | 32) == 's' && !of_word(s, i + 2);
}

// A quotation mark between Hebrew letters is a gershayim if no other one follows the letters after it.
static int is_gershayim(const Source *s, int64_t i) {
    if (!is_hebrew(s->text[i - 1]) || !is_hebrew(s->text[i + 1])) return 0;
    for (i++; is_hebrew(s->text[i]); i++) {}
    return !is_quote(s->text[i]);
}

// The end of a host with a dot in it, 0 if none begins here.
static int64_t end_of_host(const Source *s, int64_t i) {
    int64_t begin = i, dots = 0;
    for (;; dots++) {
        int64_t start = i;
        while (is_of_host(s->text[i])) i++;
        if (i == start) return dots > 1 && start > begin ? start - 1 : 0;
        if (s->text[i] != '.') return dots ? i : 0;
        i++;
    }
}

// Where a word ends that goes on with signs: C++, C#, an address of the web or of mail.
static int64_t end_with_signs(const Source *s, int64_t i) {
    const uint32_t *text = s->text;
    if (text[i] == '+' && is_letter(text[i - 1])) {
        int64_t end = i + 1;
        if (text[end] == '+')
            for (end++; trait(s, end) & DIGIT; end++) {}
        if (text[end] != '+' && !of_word(s, end)) return end;
    }
    if (text[i] == '#' && is_letter(text[i - 1]) && !(trait(s, i - 2) & ALPHANUMERIC) && !of_word(s, i + 1)) return i + 1;
    if (text[i] == ':' && text[i + 1] == '/' && text[i + 2] == '/') {
        int64_t end = i + 3;
        while (is_of_path(text[end])) end++;
        while (end > i + 3 && !(is_letter(text[end - 1]) || is_between(text[end - 1], '/', '9'))) end--;
        return end > i + 3 ? end : i;
    }
    int64_t at = i;
    if (text[i] == '_' || text[i] == '+')
        for (at++; at <= i + ADDRESS_AHEAD && is_of_address(text[at]); at++) {}
    if (text[at] == '@') {
        int64_t end = end_of_host(s, at + 1);
        if (end) return end;
    }
    return i;
}

INLINE int64_t end_of_compound(const Source *s, int64_t i) {
    const uint32_t *text = s->text;
    for (i = end_of_word(s, i);; i = end_of_word(s, i + 1)) {
        uint32_t c = text[i];
        int links, is = kind(s, i);
        if (c == '.' || c == ',' || (is >= APOSTROPHE && is <= LINKING))
            links = !is_possessive(s, i);
        else if (is_quote(c))
            links = is_gershayim(s, i);
        else if (c == 0xff0e || c == 0xff0c) // wide full stop and comma
            links = is_wide_digit(text[i - 1]) && is_wide_digit(text[i + 1]);
        else
            links = 0;
        if (!links || !of_word(s, i + 1)) break;
    }
    return end_with_signs(s, i);
}

// Whether a title, or one capital, stands before the full stop at i.
static int is_abbreviated(const Source *s, int64_t i) {
    const uint32_t *text = s->text;
    uint32_t c = text[i - 1];
    int capital = is_between(c, 'A', 'Z') || is_between(c, 0xc0, 0xd6) || is_between(c, 0xd8, 0xde) ||
                  is_between(c, 0x391, 0x3a9) || is_between(c, 0x400, 0x42f);
    if (capital && (trait(s, i - 1) & ALPHANUMERIC) != (trait(s, i - 2) & ALPHANUMERIC)) return 1;
    for (const char *const *title = TITLES; *title; title++) {
        int64_t at = i, left = (int64_t)strlen(*title);
        while (left && text[at - 1] == (uint32_t)(*title)[left - 1]) at--, left--;
        if (!left && !(trait(s, at - 1) & ALPHANUMERIC)) return 1;
    }
    return 0;
}

// The end of the blanks behind a sentence's last mark, if a capital follows; else 0.
static int64_t end_of_sentence(const Source *s, int64_t i) {
    if (kind(s, i - 1) == STOP) return 0;
    while (kind(s, i) == STOP) i++;
    if (s->text[i - 1] == '.' && is_abbreviated(s, i - 1)) return 0;
    while (kind(s, i) == IGNORED || is_one_of(s->text[i], CLOSING)) i++;
    int64_t end = i;
    while (trait(s, end) & BLANK) end++;
    if (end == i) return 0;
    for (i = end; kind(s, i) == IGNORED || is_one_of(s->text[i], OPENING); i++) {}
    return kind(s, i) == CAPITAL ? end : 0;
}

// What lower case is for a pattern that ignores case.
static uint32_t folded(uint32_t c) {
    if (is_between(c, 'A', 'Z')) return c | 32;
    return c == 0x130 || c == 0x131 ? 'i' : c == 0x17f ? 's' : c == 0x212a ? 'k' : c;
}

// The end of a name that begins with its dot (.NET); else 0.
static int64_t end_of_dotted(const Source *s, int64_t i) {
    if (i && !(trait(s, i - 1) & BLANK) && !is_one_of(s->text[i - 1], BEFORE_DOT)) return 0;
    for (const char *const *name = DOTTED; *name; name++) {
        int64_t end = i + 1;
        const char *letter = *name;
        while (*letter && folded(s->text[end]) == (uint32_t)*letter) end++, letter++;
        if (!*letter && !of_word(s, end)) return end;
    }
    return 0;
}

static int64_t end_of_emoji(const Source *s, int64_t i) {
    for (i++;;) {
        uint32_t c = s->text[i];
        if (is_between(c, 0xfe00, 0xfe0f) || is_between(c, 0x1f3fb, 0x1f3ff) || is_between(c, 0xe0020, 0xe007f))
            i++;
        else if (c == 0x200d && (kind(s, i + 1) == EMOJI || is_between(s->text[i + 1], 0x2190, 0x2bff)))
            i += 2;
        else
            return i;
    }
}

// The end of the token that begins at i; 0 if none does.
INLINE int64_t end_of_token(const Source *s, int64_t i) {
    uint8_t is = trait(s, i);
    if (is & OF_WORD) return end_of_compound(s, i);
    int64_t end = 0;
    switch (is & KIND) {
    case SEPARATOR: return 0;
    case LINE:
    case END:
    case PAUSE: return i + 1;
    case STOP:
        end = end_of_sentence(s, i);
        return !end && s->text[i] == '.' ? end_of_dotted(s, i) : end;
    case APOSTROPHE: return is_possessive(s, i) ? i + 2 : 0;
    case EMOJI: return end_of_emoji(s, i);
    case FLAG: return i + 1 + (kind(s, i + 1) == FLAG);
    default: return 0;
    }
}

// The different tokens of a text, numbered as they appear, and a hash table of their numbers (0 is an empty place).
typedef struct {
    uint32_t *letters; // of all tokens, one after another
    int64_t *starts;   // [tokens + 1] of each in letters
    uint32_t *hashes;  // [tokens]
    int32_t *table;
    int64_t tokens, most_tokens, most_letters, table_size; // a power of two
} Tokens;

INLINE uint32_t hash_of(const uint32_t *token, int64_t size) {
    uint64_t hash = (uint64_t)size;
    for (int64_t i = 0; i < size; i++) hash = (hash ^ token[i]) * 0x9e3779b97f4a7c15u;
    return (uint32_t)(hash >> 32);
}

INLINE int is_same(const uint32_t *a, const uint32_t *b, int64_t size) { // words are short: memcmp would cost more
    while (size && *a == *b) a++, b++, size--;
    return !size;
}

INLINE int has_room(const Tokens *t, int64_t size) {
    return 2 * t->tokens < t->table_size && t->tokens < t->most_tokens && t->starts[t->tokens] + size <= t->most_letters;
}

INLINE int32_t number_of(Tokens *t, const uint32_t *token, int64_t size, uint32_t hash) {
    int64_t mask = t->table_size - 1, at = hash & mask;
    for (int32_t number; (number = t->table[at]); at = (at + 1) & mask) {
        int64_t other = number - 1, start = t->starts[other];
        if (t->hashes[other] == hash && t->starts[other + 1] - start == size && is_same(t->letters + start, token, size))
            return (int32_t)other;
    }
    int64_t own = t->tokens++;
    memcpy(t->letters + t->starts[own], token, 4 * (size_t)size);
    t->starts[own + 1] = t->starts[own] + size;
    t->hashes[own] = hash;
    t->table[at] = (int32_t)own + 1;
    return (int32_t)own;
}

// Number the tokens of text[from:size] into numbers. Stops where a new token might find no room in t, or at the end.
// Returns how many there are; *from is where to go on.
EXPORT(int64_t, find_tokens)(const uint32_t *text, int64_t size, const uint8_t *traits, int32_t plain, Tokens *t,
                             int64_t *from, int32_t *numbers) {
    Source source = {text, traits};
    int64_t found = 0, i = *from;
    while (i < size) {
        int64_t end;
        if (plain) // between blanks
            end = of_word(&source, i) ? end_of_word(&source, i) : kind(&source, i) == LINE ? i + 1 : 0;
        else
            end = end_of_token(&source, i);
        if (!end) {
            i++;
            continue;
        }
        if (!has_room(t, end - i)) break;
        numbers[found++] = number_of(t, text + i, end - i, hash_of(text + i, end - i));
        i = end;
    }
    *from = i;
    return found;
}

// Number the lines of text[from:size], each of which ends with a line break. Stops and returns as find_tokens does.
EXPORT(int64_t, number_lines)(const uint32_t *text, int64_t size, Tokens *t, int64_t *from, int32_t *numbers) {
    int64_t found = 0, i = *from;
    while (i < size) {
        int64_t end = i;
        while (end < size && text[end] != '\n') end++;
        if (!has_room(t, end - i)) break;
        numbers[found++] = number_of(t, text + i, end - i, hash_of(text + i, end - i));
        i = end + 1;
    }
    *from = i;
    return found;
}

// Number the tokens of another table, from `from` on. Stops where a new one might find no room in t; returns where.
EXPORT(int64_t, add_tokens)(const Tokens *other, int64_t from, Tokens *t, int32_t *numbers) {
    for (; from < other->tokens; from++) {
        int64_t start = other->starts[from], size = other->starts[from + 1] - start;
        if (!has_room(t, size)) break;
        numbers[from] = number_of(t, other->letters + start, size, other->hashes[from]);
    }
    return from;
}

// Write the numbers of all tokens into a table that is empty.
EXPORT(void, fill_table)(Tokens *t) {
    int64_t mask = t->table_size - 1;
    for (int64_t token = 0; token < t->tokens; token++) {
        int64_t at = t->hashes[token] & mask;
        while (t->table[at]) at = (at + 1) & mask;
        t->table[at] = (int32_t)token + 1;
    }
}
