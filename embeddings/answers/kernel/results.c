// Results of many questions as JSON. Where there is no kernel, or where it takes more than ASCII's capitals to compare
// words, word_search.py lists them.
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "vector.h"

// Texts by row, as row_texts.py has them; no offsets where there are none.
typedef struct {
    const uint32_t *offsets;
    const uint8_t *bytes;
} Texts;

typedef struct {
    Texts words, displays, descriptions;
} Vocabulary;

typedef struct {
    int64_t questions, width; // rows of each question
    const int64_t *rows;      // [questions, width], best first; -1 where there are no more
    const float *scores;      // [questions, width]
    int64_t owns;
    const int64_t *own;       // [questions, owns] rows that are left out; -1 where there are no more
    const uint8_t *forms;     // folded spellings of a question's terms, a NUL behind each
    const int64_t *of_each;   // [questions] how many spellings; without any they are the words of its own rows
    int64_t k, all_forms;
} Found;

// The most results of a question and spellings of its terms, bytes of a result beside its texts, and of a byte of a text.
enum { MOST_LISTED = 1000, MOST_FORMS = 256, BESIDE = 120, LONGEST_ESCAPE = 6 };
static const double MILLION = 1e6;

typedef struct {
    uint64_t hashes[MOST_FORMS + MOST_LISTED]; // of spellings that are not to be listed again
    int64_t known;
    int64_t places[MOST_LISTED]; // of the results among what was found
} Chosen;

INLINE const uint8_t *text_of(Texts texts, int64_t row) { return texts.bytes + texts.offsets[row]; }

INLINE int64_t size_of(Texts texts, int64_t row) {
    return texts.offsets ? (int64_t)texts.offsets[row + 1] - (int64_t)texts.offsets[row] : 0;
}

// ---- Which rows are listed

INLINE int is_own(const Found *f, int64_t question, int64_t row) {
    const int64_t *own = f->own + question * f->owns;
    for (int64_t i = 0; i < f->owns; i++)
        if (own[i] == row) return 1;
    return 0;
}

// Add a spelling, and say whether it was there already (or another one of its hash). `bits` gets all bits of its bytes.
INLINE int is_known(Chosen *c, const uint8_t *text, int64_t size, uint8_t *bits) {
    uint64_t hash = 0xcbf29ce484222325;
    for (int64_t i = 0; i < size; i++) {
        uint8_t byte = text[i];
        *bits |= byte;
        hash = (hash ^ (uint8_t)((uint8_t)(byte - 'A') < 26 ? byte + 32 : byte)) * 0x100000001b3;
    }
    int found = 0;
    for (int64_t i = 0; i < c->known; i++) found |= c->hashes[i] == hash;
    c->hashes[c->known++] = hash;
    return found;
}

// Add the spellings of a question's terms, its own from `form` on or the words of its rows. Whether ASCII is enough.
INLINE int add_forms(Chosen *c, const Vocabulary *v, const Found *f, int64_t question, const uint8_t *form) {
    int64_t forms = f->of_each[question];
    uint8_t bits = 0;
    if (forms > MOST_FORMS || f->owns > MOST_FORMS) return 0;
    for (int64_t n = 0; n < forms; n++) {
        uint8_t any = 0; // what is not ASCII is no spelling of what is
        int64_t size = (int64_t)strlen((const char *)form);
        is_known(c, form, size, &any);
        form += size + 1;
    }
    for (int64_t i = 0; i < f->owns && !forms; i++) {
        int64_t row = f->own[question * f->owns + i];
        if (row < 0) continue;
        const uint8_t *word = text_of(v->words, row);
        for (int64_t n = 0; n < size_of(v->words, row); n++)
            if (word[n] <= ' ') return 0; // joined it is another one
        is_known(c, word, size_of(v->words, row), &bits);
    }
    return bits < 128;
}

INLINE int64_t millionths(float score) { return (int64_t)rint((double)score * MILLION); }

// Choose the k best rows that are not the question's own. Gives 0 if it takes a closer look to choose or to write them.
INLINE int choose_rows(Chosen *c, const Vocabulary *v, const Found *f, int64_t question, const uint8_t *form) {
    c->known = 0;
    if (!add_forms(c, v, f, question, form)) return 0;
    const int64_t *rows = f->rows + question * f->width;
    const float *scores = f->scores + question * f->width;
    int64_t taken = 0;
    for (int64_t i = 0; i < f->width && taken < f->k; i++) {
        if (rows[i] < 0 || is_own(f, question, rows[i])) continue;
        uint8_t bits = 0;
        int known = is_known(c, text_of(v->words, rows[i]), size_of(v->words, rows[i]), &bits);
        if (bits > 127 || (known && !f->all_forms)) return 0;
        if (!(fabsf(scores[i]) >= 1e-4f && fabsf(scores[i]) <= 2)) return 0; // JSON has it with an exponent, or not at all
        c->places[taken++] = i;
    }
    return taken == f->k;
}

// ---- JSON, as orjson writes it

INLINE uint8_t *put(uint8_t *to, const char *text) {
    size_t size = strlen(text);
    memcpy(to, text, size);
    return to + size;
}

INLINE uint8_t *put_text(uint8_t *to, Texts texts, int64_t row) {
    static const char digits[] = "0123456789abcdef", short_ones[] = "btn.fr";
    const uint8_t *text = text_of(texts, row);
    int64_t size = size_of(texts, row);
    *to++ = '"';
    for (int64_t i = 0; i < size; i++) {
        uint8_t byte = text[i];
        if (byte >= ' ' && byte != '"' && byte != '\\') {
            *to++ = byte;
            continue;
        }
        *to++ = '\\';
        if (byte >= ' ') {
            *to++ = byte;
        } else if (byte >= '\b' && byte <= '\r' && byte != '\v') {
            *to++ = (uint8_t)short_ones[byte - '\b'];
        } else {
            to = put(to, byte < 16 ? "u000" : "u001");
            *to++ = (uint8_t)digits[byte & 15];
        }
    }
    *to++ = '"';
    return to;
}

INLINE uint8_t *put_number(uint8_t *to, int64_t number) {
    uint8_t digits[20];
    int size = 0;
    do digits[size++] = (uint8_t)('0' + number % 10);
    while (number /= 10);
    while (size) *to++ = digits[--size];
    return to;
}

// With as many of six decimals as it takes.
INLINE uint8_t *put_score(uint8_t *to, int64_t score) {
    if (score < 0) *to++ = '-', score = -score;
    to = put_number(to, score / 1000000);
    *to++ = '.';
    int32_t rest = (int32_t)(score % 1000000);
    for (int32_t unit = 100000; unit == 100000 || rest; unit /= 10) {
        *to++ = (uint8_t)('0' + rest / unit);
        rest %= unit;
    }
    return to;
}

INLINE uint8_t *put_result(uint8_t *to, const Vocabulary *v, int64_t row, float score) {
    to = put_text(put(to, "{\"word\":"), v->words, row);
    to = put_score(put(to, ",\"score\":"), millionths(score));
    to = put_number(put(to, ",\"rank\":"), row + 1);
    if (size_of(v->displays, row)) to = put_text(put(to, ",\"display\":"), v->displays, row);
    if (size_of(v->descriptions, row)) to = put_text(put(to, ",\"description\":"), v->descriptions, row);
    return put(to, "},");
}

// Bytes that the results of a question may take.
INLINE int64_t most_bytes(const Chosen *c, const Vocabulary *v, const Found *f, const int64_t *rows) {
    int64_t texts = 0;
    for (int64_t n = 0; n < f->k; n++) {
        int64_t row = rows[c->places[n]];
        texts += size_of(v->words, row) + size_of(v->displays, row) + size_of(v->descriptions, row);
    }
    return 2 + BESIDE * f->k + LONGEST_ESCAPE * texts;
}

// Write the results of each question from `first` on as a list to `to`, and their scores to `listed` [questions, k]. `ends`
// [questions] says where each list ends: nothing is written for a question that needs a closer look. Stops where there may
// not be enough room for a question; returns which.
EXPORT(int64_t, write_results)(const Vocabulary *v, const Found *f, int64_t first, uint8_t *to, int64_t room,
                               float *listed, int64_t *ends) {
    const uint8_t *start = to, *form = f->forms;
    for (int64_t i = 0; i < f->questions; i++) {
        const uint8_t *forms = form;
        for (int64_t n = 0; n < f->of_each[i]; n++) form += strlen((const char *)form) + 1;
        if (i < first) continue;
        Chosen chosen;
        const int64_t *rows = f->rows + i * f->width;
        const float *scores = f->scores + i * f->width;
        if (choose_rows(&chosen, v, f, i, forms)) {
            if (most_bytes(&chosen, v, f, rows) > room - (to - start)) return i;
            *to++ = '[';
            for (int64_t n = 0; n < f->k; n++) {
                int64_t place = chosen.places[n];
                to = put_result(to, v, rows[place], scores[place]);
                listed[i * f->k + n] = scores[place];
            }
            to[-1] = ']';
        }
        ends[i] = to - start;
    }
    return f->questions;
}
