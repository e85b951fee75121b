// What is worked out once before training: the table that negative samples are drawn by, and the n-grams of words.
#include <stddef.h>

#include "model.h"
#include "vector.h"

// Walker's alias table in Vose's way (1991): a place drawn evenly is either its own word or `other`. `weights` sum up to
// `words` and are used up; `order` is scratch memory [words].
EXPORT(void, alias_table)(double *weights, int64_t words, Alias *alias, int32_t *order) {
    int64_t small = 0, large = words; // the light ones lie from the front, the heavy ones from the back
    for (int64_t w = 0; w < words; w++) {
        alias[w] = (Alias){UINT32_MAX, (int32_t)w};
        if (weights[w] < 1)
            order[small++] = (int32_t)w;
        else
            order[--large] = (int32_t)w;
    }
    while (small && large < words) {
        const int32_t light = order[--small], heavy = order[large];
        alias[light] = (Alias){(uint32_t)(weights[light] * UINT32_MAX), heavy};
        weights[heavy] -= 1 - weights[light];
        if (weights[heavy] < 1) large++, order[small++] = heavy;
    }
}

// 32-bit FNV-1a, with fastText's peculiarity that bytes above 127 count as negative numbers.
static uint32_t hash(const int8_t *bytes, int64_t length) {
    uint32_t value = 2166136261u;
    for (int64_t i = 0; i < length; i++) value = (value ^ (uint32_t)bytes[i]) * 16777619u;
    return value;
}

static int starts_letter(int8_t byte) { return (byte & 0xc0) != 0x80; }

// The n-grams of words that lie in `text` as <word>, UTF-8, word w from starts[w] to before starts[w + 1]. Writes where
// each word's n-grams begin to `begins` [words + 1], and to `rows` `offset` and each one's bucket, unless it is NULL.
EXPORT(void, ngram_rows)(const int8_t *text, const int64_t *starts, int64_t words, int32_t min_n, int32_t max_n,
                         uint32_t buckets, int32_t offset, int64_t *begins, int32_t *rows) {
    int64_t found = 0;
    for (int64_t w = 0; w < words; w++) {
        const int64_t end = starts[w + 1];
        begins[w] = found;
        for (int64_t from = starts[w]; from < end; from++) {
            if (!starts_letter(text[from])) continue;
            int64_t to = from;
            for (int32_t letters = 1; letters <= max_n && to < end; letters++) {
                for (to++; to < end && !starts_letter(text[to]); to++) {}
                if (letters < min_n || (letters == 1 && (from == starts[w] || to == end))) continue;
                if (rows) rows[found] = offset + (int32_t)(hash(text + from, to - from) % buckets);
                found++;
            }
        }
    }
    begins[words] = found;
}
