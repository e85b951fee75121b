// The bound that a target of a block begins with: the k-th best score by the finest codes of some rows of its first lists. They
// are found once more with all others, so that nothing need be kept of them.
#ifndef SEARCH_FIRST_BOUND_H
#define SEARCH_FIRST_BOUND_H

#include "hits.h"

#if defined(__AVX512F__)

enum { SEED_PARTS = 64, SEEDS_TAKEN = 1024, MORE_SEEDS = 24, HALVINGS = 12 };

// Some rows of a target's first lists.
typedef struct {
    uint32_t parts[SEED_PARTS];
    float scores[SEED_PARTS * PART_ROWS]; // by coarse codes; -INFINITY for rows that are not wanted
    int64_t count;                        // of parts
    Passed taken[SEEDS_TAKEN];            // those that are looked at closely
} Seed_rows;

INLINE __m512 floats_of(__m256i words) { return _mm512_cvtepi32_ps(_mm512_cvtepu16_epi32(words)); }

// Scores 16 rows of a part by their coarse codes; `shares` are words.
INLINE __m512 scores_of_half(const Search *search, float base, const uint16_t *sums, __m256i shares) {
    const __m512 sum = floats_of(_mm256_loadu_si256((const __m256i *)sums));
    const __m512 unit = _mm512_set1_ps(search->unit), start = _mm512_set1_ps(base - search->origin * search->unit);
    return _mm512_div_ps(_mm512_fmadd_ps(sum, unit, start), _mm512_mul_ps(floats_of(shares), _mm512_set1_ps(SHARE_UNIT)));
}

// Scores the rows of a part, where its centre scores `base`.
static void score_part(const List_index *index, const Question *asked, const Search *search, int64_t part, float base,
                       float *scores) {
    const uint8_t *codes = index->coarse + part * search->of_part;
    const uint32_t *ids = index->ids + part * PART_ROWS;
    const __m256i shares = _mm256_loadu_si256((const __m256i *)codes);
    const int64_t limit = asked->limit < index->rows ? asked->limit : index->rows;
    uint16_t sums[PART_ROWS];
    scan(codes, search->pairs, search->tables, (Bound){INT16_MIN, 0}, sums);
    for (int half = 0; half < 2; half++) {
        const __m256i words = half ? _mm256_srli_epi16(shares, 8) : _mm256_and_si256(shares, _mm256_set1_epi16(255));
        const __m512 found = scores_of_half(search, base, sums + half * (PART_ROWS / 2), words);
        const __m512i of_half = _mm512_loadu_si512(ids + half * (PART_ROWS / 2));
        const __mmask16 out = _mm512_cmpge_epu32_mask(of_half, _mm512_set1_epi32((int)(uint32_t)limit));
        _mm512_storeu_ps(scores + half * (PART_ROWS / 2), _mm512_mask_mov_ps(found, out, _mm512_set1_ps(-INFINITY)));
    }
    if (asked->allowed == NULL && asked->excluded_count == 0) return;
    for (int row = 0; row < PART_ROWS; row++)
        if (!is_wanted(index, asked, ids[row])) scores[row] = -INFINITY;
}

static void score_seeds(const List_index *index, const Question *asked, const Search *search, Seed_rows *rows) {
    rows->count = 0;
    for (int64_t i = 0; i < search->seeds_count; i++) {
        const uint32_t list = search->seeds[i], end = index->first_part[list + 1];
        for (uint32_t part = index->first_part[list]; part < end && rows->count < SEED_PARTS; part++) {
            score_part(index, asked, search, part, search->bases[list], rows->scores + rows->count * PART_ROWS);
            rows->parts[rows->count++] = part;
        }
    }
}

static int64_t count_above(const float *scores, int64_t n, float least) {
    int64_t count = 0;
    for (int64_t i = 0; i < n; i += 16)
        count += __builtin_popcount(_mm512_cmp_ps_mask(_mm512_loadu_ps(scores + i), _mm512_set1_ps(least), _CMP_GT_OQ));
    return count;
}

// A score that about `wanted` of the rows come up to: no fewer, and no more than twice as many, as far as some halvings find
// one.
static float score_of_best(const Seed_rows *rows, int64_t wanted) {
    float low = -1, high = 1.5f;
    for (int64_t i = 0; i < HALVINGS; i++) {
        const float middle = (low + high) / 2;
        const int64_t above = count_above(rows->scores, rows->count * PART_ROWS, middle);
        if (above < wanted) high = middle;
        else low = middle;
        if (above >= wanted && above <= 2 * wanted) break;
    }
    return low;
}

// Takes those of the rows, up to SEEDS_TAKEN, whose scores are more than `least`; gives how many they are.
static int64_t take_seeds(const List_index *index, const Search *search, Seed_rows *rows, float least) {
    int64_t count = 0;
    for (int64_t i = 0; i < rows->count; i++) {
        const float *scores = rows->scores + i * PART_ROWS;
        const uint8_t *shares = index->coarse + rows->parts[i] * search->of_part;
        const __m512 bound = _mm512_set1_ps(least);
        uint32_t left = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores), bound, _CMP_GT_OQ) |
                        (uint32_t)_mm512_cmp_ps_mask(_mm512_loadu_ps(scores + 16), bound, _CMP_GT_OQ) << 16;
        for (; left && count < SEEDS_TAKEN; left &= left - 1) {
            const int row = __builtin_ctz(left);
            const uint32_t place = rows->parts[i] * PART_ROWS + (uint32_t)row;
            __builtin_prefetch(index->fine + (int64_t)place * LINE);
            if (index->finer != NULL) finer_ahead(index, place);
            rows->taken[count++] = (Passed){scores[row] * SHARE_UNIT * (float)shares[place_in_part(row)], place};
        }
    }
    return count;
}

// The k-th best score by the finest codes of some rows that may be among the best: a bound for all others. NO_BOUND if there
// are not so many rows in the target's first lists.
static float first_bound(const List_index *index, const Question *asked, Search *search, Seed_rows *rows) {
    float scores[AT_A_TIME];
    int64_t held = 0;
    score_seeds(index, asked, search, rows);
    const int64_t count = take_seeds(index, search, rows, score_of_best(rows, asked->k + MORE_SEEDS));
    for (int64_t i = 0; i < count; i += AT_A_TIME) {
        const int64_t some = count - i < AT_A_TIME ? count - i : AT_A_TIME;
        add_codes(index->fine, &search->fine, rows->taken + i, some, scores);
        if (index->finer != NULL) add_codes(index->finer, &search->of_finer, rows->taken + i, some, scores);
        for (int64_t j = 0; j < some; j++) add_ranked(search->best, &held, asked->k, (Ranked){scores[j], 0});
    }
    return held < asked->k ? NO_BOUND : search->best[0].score;
}

#endif
#endif
