// What is done to the numbers of a text, in one pass each. Without a kernel, arrays do the same: tidy in tokens.py, Links
// in phrases.py, KnownPhrases in phrase_lists.py, Expansion in sentences.py.
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "vector.h"

enum { NOTHING = -1, END, PAUSE, FIRST_WORD };

// Write the words of `ids`, what is between two of them as one end or one pause, and an end behind the last; `becomes` says
// what a number stands for. `to` has room for size + 1. Returns how many there are, and how long the longest sentence is.
EXPORT(int64_t, tidy)(const int32_t *ids, int64_t size, const int32_t *becomes, int32_t *to, int64_t *longest) {
    int64_t written = 0, begin = 0, most = 0;
    int32_t between = NOTHING;
    for (int64_t i = 0; i < size; i++) {
        int32_t id = becomes ? becomes[ids[i]] : ids[i];
        if (id >= FIRST_WORD) {
            if (between == END) {
                most = written - begin > most ? written - begin : most;
                begin = written + 1;
            }
            if (between != NOTHING) to[written++] = between;
            to[written++] = id;
            between = NOTHING;
        } else if (written && id != NOTHING && between != END) {
            between = id;
        }
    }
    *longest = written - begin > most ? written - begin : most;
    if (written) to[written++] = END;
    return written;
}

// Put parts[starts[id]:starts[id] + lengths[id]] in the place of each id. Returns how many there are; `to` may be null.
EXPORT(int64_t, expand)(const int32_t *ids, int64_t size, const int64_t *starts, const int64_t *lengths,
                        const int32_t *parts, int32_t *to) {
    int64_t written = 0;
    for (int64_t i = 0; i < size; i++) {
        int64_t length = lengths[ids[i]];
        if (to) {
            const int32_t *from = parts + starts[ids[i]];
            for (int64_t k = 0; k < length; k++) to[written + k] = from[k];
        }
        written += length;
    }
    return written;
}

// Add how often each number is met.
EXPORT(void, count)(const int32_t *ids, int64_t size, int64_t *counts) {
    for (int64_t i = 0; i < size; i++) counts[ids[i]]++;
}

// ---- Pairs

// What a word does in a pair; above CONTENT it is the code of a connecting word.
enum { BREAK = -2, RARE, CONTENT };
enum { LONGEST_GAP = 2 };

typedef struct {
    const int32_t *roles; // [words]
    int64_t words, codes;
} Roles;

// The content word that a pair may begin with, and the connecting words behind it.
typedef struct {
    int64_t place; // -1 if there is none
    int64_t gap, between;
} Begun;

// The key of the pair that ends at i, -1 if none does; `begun` is what stands before the next word.
INLINE int64_t pair_at(const Roles *r, const int32_t *ids, int64_t i, Begun *begun) {
    int32_t role = r->roles[ids[i]];
    if (role > CONTENT) {
        if (begun->gap == 0) begun->between = role;
        if (begun->gap == 1) begun->between += role * r->codes;
        begun->gap++;
        return -1;
    }
    int64_t key = -1;
    if (role == CONTENT && begun->place >= 0 && begun->gap <= LONGEST_GAP)
        key = (ids[begun->place] * r->codes * r->codes + begun->between) * r->words + ids[i];
    *begun = (Begun){role == CONTENT ? i : -1, 0, 0};
    return key;
}

// The keys of the pairs in `ids`, and where each begins and ends, if that is asked for.
EXPORT(int64_t, find_pairs)(const Roles *r, const int32_t *ids, int64_t size, int64_t *keys, int64_t *starts,
                            int64_t *stops) {
    int64_t found = 0;
    Begun begun = {-1, 0, 0};
    for (int64_t i = 0; i < size; i++) {
        int64_t start = begun.place, key = pair_at(r, ids, i, &begun);
        if (key < 0) continue;
        keys[found] = key;
        if (starts) starts[found] = start, stops[found] = i;
        found++;
    }
    return found;
}

// The place of `key` in keys[from:end], which are sorted; -1 if it is not there.
INLINE int64_t place_of(const int64_t *keys, int64_t from, int64_t end, int64_t key) {
    while (from < end) {
        int64_t middle = (from + end) / 2;
        if (keys[middle] < key)
            from = middle + 1;
        else if (keys[middle] > key)
            end = middle;
        else
            return middle;
    }
    return -1;
}

// Join the pairs that are among `keys` (sorted; those of a first word begin at begins[word]) from left to right: words +
// the place of its key stands for each. Returns how many numbers there are.
EXPORT(int64_t, join_pairs)(const Roles *r, const int32_t *ids, int64_t size, const int64_t *keys,
                            const int64_t *begins, int32_t *to) {
    int64_t written = 0, first = 0; // of the pair that is begun, in `to`
    Begun begun = {-1, 0, 0};
    for (int64_t i = 0; i < size; i++) {
        int64_t start = begun.place, key = pair_at(r, ids, i, &begun), place = -1;
        if (key >= 0) place = place_of(keys, begins[ids[start]], begins[ids[start] + 1], key);
        if (place >= 0) {
            to[first] = (int32_t)(r->words + place);
            written = first + 1;
            begun.place = -1; // a word is in one pair only
            continue;
        }
        if (begun.place == i) first = written;
        to[written++] = ids[i];
    }
    return written;
}

// What may stand beside a pair, and where in `met` it is counted: before it a determiner or what goes before verbs, behind
// it a function word.
enum { DETERMINER = 1, VERBAL = 2, FUNCTION = 4, AROUND = 3 };

// Count what stands around the pairs that are among `keys`, which are as join_pairs has them; met is [keys, AROUND].
EXPORT(void, count_around)(const Roles *r, const int32_t *ids, int64_t size, const int64_t *keys, const int64_t *begins,
                           const uint8_t *kinds, int64_t *met) {
    Begun begun = {-1, 0, 0};
    for (int64_t i = 0; i < size; i++) {
        int64_t start = begun.place, key = pair_at(r, ids, i, &begun), place = -1;
        if (key >= 0) place = place_of(keys, begins[ids[start]], begins[ids[start] + 1], key);
        if (place < 0) continue;
        int64_t *of_pair = met + AROUND * place;
        uint8_t before = kinds[start ? ids[start - 1] : END], behind = kinds[ids[i + 1 < size ? i + 1 : i]];
        of_pair[0] += (before & DETERMINER) != 0;
        of_pair[1] += (before & VERBAL) != 0;
        of_pair[2] += (behind & FUNCTION) != 0;
    }
}

// ---- Known phrases

// A trie: the steps of a node are words[begins[node]:begins[node + 1]], sorted, and each reaches another node.
typedef struct {
    const int32_t *first;     // node that a phrase's first word leads to, -1 where none begins with it
    const int64_t *begins;
    const int32_t *words, *reached;
    const int32_t *phrase_at; // phrase that ends at a node, -1 if none does
} Trie;

INLINE int32_t next_node(const Trie *t, int32_t node, int32_t word) {
    int64_t from = t->begins[node], end = t->begins[node + 1];
    while (from < end) {
        int64_t middle = (from + end) / 2;
        if (t->words[middle] < word)
            from = middle + 1;
        else
            end = middle;
    }
    return from < t->begins[node + 1] && t->words[from] == word ? t->reached[from] : -1;
}

// Where phrases begin in `ids` and which, from left to right, the longest at each place, none overlapping; `becomes` says
// what word a number stands for.
EXPORT(int64_t, find_known)(const Trie *t, const int32_t *ids, int64_t size, const int32_t *becomes, int64_t *places,
                            int64_t *phrases) {
    int64_t found = 0;
    for (int64_t i = 0; i < size;) {
        int64_t end = i + 1;
        int32_t phrase = -1, node = t->first[becomes ? becomes[ids[i]] : ids[i]];
        for (int64_t k = i + 1; node >= 0 && k < size; k++) {
            node = next_node(t, node, becomes ? becomes[ids[k]] : ids[k]);
            if (node >= 0 && t->phrase_at[node] >= 0) phrase = t->phrase_at[node], end = k + 1;
        }
        if (phrase >= 0) places[found] = i, phrases[found++] = phrase;
        i = end;
    }
    return found;
}
