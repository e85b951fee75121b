// Runs of capitalised words, each different one counted in a hash table. Without a kernel, arrays do the same in capitals.py.
#include <stdint.h>

#include "vector.h"

enum { END, PAUSE, FIRST_WORD };
// What is known of a spelling, as Spellings.traits has it.
enum { CAPITAL = 1, SHOUTED = 2, CLOSE = 4, LOOSE = 8, ARTICLE = 16, INITIAL = 32, CASELESS = 64 };
enum { LONGEST = 8, LONGEST_GAP = 2 };

// Tokens as they are spelled.
typedef struct {
    const int32_t *ids;
    int64_t size;
    const uint8_t *traits;  // [spellings]
    const int32_t *word_of; // [spellings]
} Text;

INLINE uint8_t trait(const Text *t, int64_t i) { return t->traits[t->ids[i]]; }
INLINE int is_first(const Text *t, int64_t i) { return !i || t->ids[i - 1] == END; }

// In a run of words in CAPITALS a capital says nothing of its word.
INLINE int is_shouted(const Text *t, int64_t i) {
    if (!(trait(t, i) & SHOUTED)) return 0;
    return (i && trait(t, i - 1) & SHOUTED) || (i + 1 < t->size && trait(t, i + 1) & SHOUTED);
}

// Add how often each spelling is met, and how often where its capitals tell something: within a sentence, not shouted.
EXPORT(void, count_spellings)(const Text *t, int64_t *met, int64_t *within) {
    for (int64_t i = 0; i < t->size; i++) {
        int32_t id = t->ids[i];
        met[id]++;
        if (id >= FIRST_WORD && !is_first(t, i) && !is_shouted(t, i)) within[id]++;
    }
}

// What a capitalised word has to do with those beside it: words up to the next of its run, 0 if it is the last; whether a
// loose connecting word stands between them; whether it is not the first, and linked closely or loosely.
enum { STEP = 3, LOOSELY = 4, AFTER_CLOSE = 8, AFTER_LOOSE = 16 };

EXPORT(void, link_capitals)(const Text *t, const uint8_t *mostly, uint8_t *links) {
    int64_t last = -1; // capitalised word that a run may go on from
    uint8_t loosely = 0;
    for (int64_t i = 0; i < t->size; i++) {
        uint8_t is = trait(t, i);
        links[i] = 0;
        if (is & CAPITAL && (!is_first(t, i) || mostly[t->word_of[t->ids[i]]]) && !is_shouted(t, i)) {
            if (last >= 0 && i - last <= LONGEST_GAP + 1) {
                links[last] |= (uint8_t)(i - last) | loosely;
                links[i] = loosely ? AFTER_LOOSE : AFTER_CLOSE;
            }
            last = i, loosely = 0;
        } else if (is & LOOSE) {
            loosely = LOOSELY;
        } else if (!(is & CLOSE)) {
            last = -1;
        }
    }
}

typedef struct {
    uint64_t hash;
    int64_t first;  // place in the corpus where it is met first
    uint32_t apart; // from there to where it is met last
    uint32_t met, whole, length;
} Span;

typedef struct {
    Span *spans;          // met is 0 at an empty place
    int64_t places, used; // places are a power of two, and so are estimates
    uint8_t *often;       // how often the runs that share the end of a hash are met together, up to 2
    int64_t estimates;
    int32_t least;        // runs that are met less often are not counted
} SpanTable;

typedef struct {
    uint64_t hash;
    int64_t place;
    uint32_t length, whole;
} Seen;

enum { MOST_SEEN = 64 };

INLINE Span *place_of(const SpanTable *t, uint64_t hash) {
    uint64_t mask = (uint64_t)t->places - 1, at = hash & mask;
    while (t->spans[at].met && t->spans[at].hash != hash) at = (at + 1) & mask;
    return &t->spans[at];
}

INLINE uint8_t *estimate_of(const SpanTable *t, uint64_t hash) { return &t->often[hash & ((uint64_t)t->estimates - 1)]; }

static void count_seen(SpanTable *t, const Seen *seen, int64_t number) {
    for (int64_t i = 0; i < number; i++) {
        uint8_t *often = estimate_of(t, seen[i].hash);
        if (!t->spans) *often += *often < 2;
        if (!t->spans || *often < t->least) continue;
        Span *span = place_of(t, seen[i].hash);
        if (!span->met) {
            *span = (Span){.hash = seen[i].hash, .first = seen[i].place, .length = seen[i].length};
            t->used++;
        }
        int64_t apart = seen[i].place - span->first;
        span->apart = apart < UINT32_MAX ? (uint32_t)apart : UINT32_MAX;
        span->met++;
        span->whole += seen[i].whole;
    }
}

INLINE int has_room(const SpanTable *t) { return !t->spans || 4 * (t->used + MOST_SEEN) <= 3 * t->places; }

// Count the runs, and the runs within them, that begin at t->ids[from] or later, which is `place` + from in the corpus;
// only estimate how often each is met if the table has no spans. A run with a loose connecting word is whole if no run
// goes on around it, one without if none does closely. Its hash is that of its words' numbers in random, times powers of
// `base`. Stops where the table might be too full; returns where.
EXPORT(int64_t, count_spans)(const Text *t, const uint8_t *links, const uint64_t *random, uint64_t base, int64_t place,
                             int64_t from, SpanTable *table) {
    Seen seen[MOST_SEEN];
    int64_t number = 0;
    for (; from < t->size && has_room(table); from++) {
        if (!(links[from] & STEP)) continue;
        uint64_t hash = 0, power = 1;
        uint8_t loosely = 0;
        for (int64_t i = from, last = from; links[last] & STEP;) {
            int64_t next = last + (links[last] & STEP);
            if (next - from >= LONGEST) break;
            for (; i <= next; i++, power *= base) hash += random[t->word_of[t->ids[i]]] * power;
            loosely |= links[last] & LOOSELY;
            last = next;
            int goes_on = links[last] & STEP && (loosely || !(links[last] & LOOSELY));
            int went_on = links[from] & (loosely ? AFTER_CLOSE | AFTER_LOOSE : AFTER_CLOSE);
            seen[number++] = (Seen){hash, place + from, (uint32_t)(last - from + 1), !goes_on && !went_on};
            __builtin_prefetch(estimate_of(table, hash));
            if (table->spans) __builtin_prefetch(&table->spans[hash & ((uint64_t)table->places - 1)]);
        }
        if (number > MOST_SEEN - LONGEST) {
            count_seen(table, seen, number);
            number = 0;
        }
    }
    count_seen(table, seen, number);
    return from;
}

// Put spans, each different, into a table with room for them.
EXPORT(void, add_spans)(const Span *spans, int64_t size, SpanTable *table) {
    for (int64_t i = 0; i < size; i++)
        if (spans[i].met) *place_of(table, spans[i].hash) = spans[i], table->used++;
}

// The runs of words in CAPITALS at the starts of sentences, behind an article or not; letters and numbers go with them.
// Returns how many there are.
EXPORT(int64_t, find_subjects)(const Text *t, int64_t *starts, int64_t *lengths) {
    int64_t found = 0;
    for (int64_t i = 0; i < t->size; i++) {
        if (t->ids[i] < FIRST_WORD || !is_first(t, i)) continue;
        int64_t start = i + (trait(t, i) & ARTICLE && !is_shouted(t, i)), end = start;
        int shouted = 0;
        for (; end < t->size && (is_shouted(t, end) || trait(t, end) & (INITIAL | CASELESS)); end++) shouted |= is_shouted(t, end);
        if (shouted && end - start >= 2 && end - start <= LONGEST) starts[found] = start, lengths[found++] = end - start;
    }
    return found;
}
