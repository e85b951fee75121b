// What a target reads: first the lists whose centres are nearest to it, then all parts that promise as much as the bound.
#ifndef SEARCH_CHOICE_H
#define SEARCH_CHOICE_H

#include "reading.h"

enum { DIRECTIONS_AT_ONCE = 16, CENTRES_AT_ONCE = 32, PARTS_AT_ONCE = 16, PARTS_AHEAD = 4 };
static const float ALREADY_READ = -INFINITY; // in the place of a centre's score: less than any bound

// Turns `targets` [count][dimension], to `turned` [count][turned].
static void turn(const List_index *index, const float *targets, int64_t count, float *turned) {
    const int64_t dimension = index->dimension;
    int64_t whole = 0;
#if defined(__AVX512F__)
    whole = count / 4 * 4;
    for (int64_t first = 0; first < index->turned; first += DIRECTIONS_AT_ONCE) // which stay in the cache for all targets
        for (int64_t j = 0; j < whole; j += 4)
            for (int64_t i = first; i < first + DIRECTIONS_AT_ONCE && i < index->turned; i += 4) { // a multiple of four
                float products[16];
                dots_of_four(index->rotation + i * dimension, targets + j * dimension, dimension, products);
                for (int at = 0; at < 4; at++)
                    memcpy(turned + (j + at) * index->turned + i, products + 4 * at, 4 * sizeof(float));
            }
#endif
    for (int64_t j = whole; j < count; j++)
        for (int64_t i = 0; i < index->turned; i++)
            turned[j * index->turned + i] = dot(index->rotation + i * dimension, targets + j * dimension, dimension);
}

// Brings a turned target into units of the codes and finds how each centre scores.
static void begin(const List_index *index, Search *search, const float *turned, int8_t *centre_query, int32_t *raw) {
    const int64_t quads = index->turned / 4, blocks = (index->lists + BLOCK_ROWS - 1) / BLOCK_ROWS;
    score_function *score = score_blocks();
    uint16_t masks[CENTRES_AT_ONCE];
    const float square = dot(search->target, search->target, index->dimension);
    search->passed_count = search->finer_count = search->hits_count = search->doubtful_count = search->held = 0;
    search->seeds_count = search->chosen_count = 0;
    search->pairs = nibbles_of(index) / 2, search->of_part = bytes_of_part(index);
    search->step = 1;
    search->bound = NO_BOUND, search->is_guess = 0;
    search->cannot_read = 0;
    search->is_direction = square > 0 && square < 1e30f; // NaN is none
    if (!search->is_direction) return;
    const float unit = quantise(turned, index->centre_steps, index->turned, centre_query);
    const int32_t origin = origin_of(centre_query, index->turned);
    search->unit = tabulate(index, turned, search->tables, &search->origin);
    search->per_unit = 1 / search->unit;
    prepare_fine(index, turned, index->fine_bits, LINE, 1, &search->fine);
    if (index->finer != NULL) prepare_fine(index, turned, FINER_BITS, FINER_BYTES, FINER_STEP, &search->of_finer);
    for (int64_t block = 0; block < blocks; block += CENTRES_AT_ONCE) {
        const int64_t some = blocks - block < CENTRES_AT_ONCE ? blocks - block : CENTRES_AT_ONCE;
        score(index->centres + block * quads * QUAD_BYTES, quads, centre_query, some, INT32_MIN, raw + block * BLOCK_ROWS,
              masks);
    }
    for (int64_t list = 0; list < index->lists; list++) search->bases[list] = (float)(raw[list] - origin) * unit;
}

// The first place from `at` on with more than `least`, or `n`.
INLINE int64_t next_above(const float *numbers, int64_t at, int64_t n, float least) {
#if defined(__AVX512F__)
    for (; at < n; at += 16) {
        const __mmask16 there = first_of_16(n - at);
        const __m512 some = _mm512_maskz_loadu_ps(there, numbers + at);
        const __mmask16 above = _mm512_mask_cmp_ps_mask(there, some, _mm512_set1_ps(least), _CMP_GT_OQ);
        if (above) return at + __builtin_ctz(above);
    }
    return n;
#else
    for (; at + 16 <= n; at += 16) {
        int some = 0;
        for (int lane = 0; lane < 16; lane++) some |= numbers[at + lane] > least;
        if (some) break;
    }
    while (at < n && !(numbers[at] > least)) at++;
    return at;
#endif
}

// The lists whose centres score best are read first, so that there is a bound for the others.
static void choose_seeds(const List_index *index, Search *search) {
    float best[SEEDS];
    int64_t count = 0;
    for (int64_t list = 0; list < index->lists; list++) {
        if (count == SEEDS) list = next_above(search->bases, list, index->lists, best[SEEDS - 1]);
        if (list == index->lists) break;
        const float score = search->bases[list];
        int64_t at = count < SEEDS ? count++ : SEEDS - 1;
        for (; at > 0 && best[at - 1] < score; at--) {
            best[at] = best[at - 1];
            search->seeds[at] = search->seeds[at - 1];
        }
        best[at] = score;
        search->seeds[at] = (uint32_t)list;
    }
    search->seeds_count = count;
}

static void read_list(const List_index *index, const Question *asked, Search *search, int64_t list) {
    for (int64_t part = index->first_part[list]; part < index->first_part[list + 1]; part++)
        read_part(index, asked, search, part, search->bases[list]);
}

// Reads the seeds; afterwards no list is read that was.
static void read_seeds(const List_index *index, const Question *asked, Search *search) {
    for (int64_t i = 0; i < search->seeds_count; i++) read_list(index, asked, search, search->seeds[i]);
    settle(index, asked, search);
    for (int64_t i = 0; i < search->seeds_count; i++) search->bases[search->seeds[i]] = ALREADY_READ;
}

// Puts down where flags [n] are 1, sixteen at a time; behind them stand as many zeros, and there is as much room. Gives how
// many they are.
INLINE int64_t places_of_ones(const uint8_t *flags, int64_t n, uint32_t *places) {
    int64_t count = 0;
#if defined(__AVX512F__)
    __m512i at_once = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    for (int64_t at = 0; at < n; at += 16, at_once = _mm512_add_epi32(at_once, _mm512_set1_epi32(16))) {
        const __m128i some = _mm_loadu_si128((const __m128i *)(flags + at));
        const __mmask16 ones = _mm_test_epi8_mask(some, some);
        _mm512_storeu_si512(places + count, _mm512_maskz_compress_epi32(ones, at_once));
        count += __builtin_popcount(ones);
    }
#else
    for (int64_t at = 0; at < n; at += 8) {
        uint64_t eight;
        memcpy(&eight, flags + at, sizeof eight);
        for (; eight; eight &= eight - 1) places[count++] = (uint32_t)(at + __builtin_ctzll(eight) / 8);
    }
#endif
    return count;
}

// Puts down all parts that promise enough, in loops that hardly depend on how many there are.
static void choose_parts(const List_index *index, const Question *asked, Search *search) {
    const uint32_t *first_part = index->first_part;
    const float *bases = search->bases, *scales = index->scales, *spreads = index->spreads;
    const float reach = asked->reach, bound = search->bound;
    float *restrict part_bases = search->part_bases;
    uint8_t *restrict is_chosen = search->is_chosen;
    const int64_t parts = index->parts;
    for (int64_t list = 0; list < index->lists; list++) {
        float copies[PARTS_AT_ONCE];
        for (int i = 0; i < PARTS_AT_ONCE; i++) copies[i] = bases[list];
        for (int64_t part = first_part[list]; part < first_part[list + 1]; part += PARTS_AT_ONCE)
            memcpy(part_bases + part, copies, sizeof copies); // those too many are overwritten by the next list
    }
    for (int64_t part = 0; part < parts; part++)
        is_chosen[part] = part_bases[part] * scales[part] + reach * spreads[part] >= bound;
    memset(is_chosen + parts, 0, PARTS_AT_ONCE);
    search->chosen_count = places_of_ones(is_chosen, parts, search->chosen);
}

// Reads every so many of the chosen parts. The memory brings those that are next while one is looked at.
static void read_chosen(const List_index *index, const Question *asked, Search *search) {
    const int64_t size = search->of_part, ahead = PARTS_AHEAD * search->step;
    for (int64_t i = 0; i < search->chosen_count; i += search->step) {
        if (i + ahead < search->chosen_count) {
            const uint8_t *next = index->coarse + search->chosen[i + ahead] * size;
            for (int64_t byte = 0; byte < size; byte += LINE) __builtin_prefetch(next + byte);
        }
        read_part(index, asked, search, search->chosen[i], search->part_bases[search->chosen[i]]);
    }
    settle(index, asked, search);
}

// ---- Memory

// What a search needs that reads parts by itself, at `room`, which ends behind it then.
static Search reading_memory(const List_index *index, char **room) {
    const int64_t parts = index->parts + PARTS_AT_ONCE;
    Search search;
    memset(&search, 0, sizeof search);
    search.tables = (uint8_t *)part_of(room, MOST_NIBBLES * TABLE * COPIES);
    search.bases = (float *)part_of(room, 4 * index->lists);
    search.part_bases = (float *)part_of(room, 4 * parts);
    search.chosen = (uint32_t *)part_of(room, 4 * parts);
    search.is_chosen = (uint8_t *)part_of(room, parts);
    search.passed = (Passed *)part_of(room, sizeof(Passed) * MOST_WAITING);
    search.finer = (Passed *)part_of(room, sizeof(Passed) * MOST_WAITING);
    search.hits = (Ranked *)part_of(room, sizeof(Ranked) * 2 * MOST_WAITING);
    search.doubtful = (Ranked *)part_of(room, sizeof(Ranked) * 2 * MOST_WAITING);
    search.most_doubtful = 2 * MOST_WAITING;
    search.best = (Ranked *)part_of(room, sizeof(Ranked) * LARGEST_K);
    search.row_room = (float *)part_of(room, 4 * index->dimension);
    return search;
}

#endif
