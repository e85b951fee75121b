// Rows that a target of a block found by codes: they wait until the end to be ranked by their vectors, when most of them need not
// be any more.
#ifndef SEARCH_HITS_H
#define SEARCH_HITS_H

#include "choice.h"

enum { MOST_HITS = 512 };

// The scores of hits by their vectors: of many one after the other, without a branch that waits for memory.
static inline void score_by_vectors(const List_index *index, Search *search, Ranked *hits, int64_t count) {
    for (int64_t i = 0; i < count && i < ROWS_AHEAD; i++) row_ahead(index, hits[i].row);
    for (int64_t i = 0; i < count; i++) {
        if (i + ROWS_AHEAD < count) row_ahead(index, hits[i + ROWS_AHEAD].row);
        const float *vector = vector_of(index, hits[i].row, search->row_room);
        if (vector == NULL) search->cannot_read = 1;
        else hits[i].score = dot(vector, search->target, index->dimension);
    }
}

// Puts those of the hits first that come up to `least`; gives how many they are.
static inline int64_t part_hits(Ranked *hits, int64_t count, float least) {
    int64_t first = 0;
    for (int64_t i = 0; i < count; i++) {
        const Ranked hit = hits[i];
        hits[i] = hits[first];
        hits[first] = hit;
        first += hit.score >= least;
    }
    return first;
}

// Ranks the hits by their vectors, which takes the place of the guess that the bound was so far: first those that come up to it,
// then what still may be among the best.
static inline void rank_hits(const List_index *index, const Question *asked, Search *search) {
    const float guess = search->bound;
    Ranked *hits = search->hits;
    if (search->is_guess) search->held = 0, set_bound(search, NO_BOUND); // `best` had scores by codes
    search->is_guess = 0;
    const int64_t first = part_hits(hits, search->hits_count, guess);
    score_by_vectors(index, search, hits, first);
    for (int64_t i = 0; i < first; i++) add_to_best(asked, search, hits[i]);
    const int64_t second = part_hits(hits + first, search->hits_count - first, search->bound - asked->finer_margin);
    score_by_vectors(index, search, hits + first, second);
    for (int64_t i = first; i < first + second; i++) add_to_best(asked, search, hits[i]);
    search->hits_count = 0;
}

// Leaves the hits that come up to the bound by now, or ranks them if they are too many.
static inline void thin_out(const List_index *index, const Question *asked, Search *search) {
    search->hits_count = part_hits(search->hits, search->hits_count, search->bound - asked->finer_margin);
    if (search->hits_count > MOST_HITS / 2) rank_hits(index, asked, search);
}

// A row that comes up to the bound as far as codes can say waits for its vector until the end, when most need not be ranked
// any more. The k-th best score by codes is the bound so far.
static inline void keep_hit(const List_index *index, const Question *asked, Search *search, uint32_t place, float score) {
    const uint32_t row = index->ids[place];
    if (score < search->bound - asked->finer_margin || !is_wanted(index, asked, row)) return;
    const Ranked hit = {score, row};
    search->hits[search->hits_count++] = hit;
    if (search->is_guess && add_ranked(search->best, &search->held, asked->k, hit))
        search->bound = larger(search->bound, search->best[0].score);
    if (search->hits_count == MOST_HITS) thin_out(index, asked, search);
}

// Keeps those of the rows that wait for their finer codes that come up to the bound by them.
static inline void look_at_finer(const List_index *index, const Question *asked, Search *search) {
    float scores[AT_A_TIME];
    for (int64_t i = 0; i < search->finer_count; i += AT_A_TIME) {
        const int64_t some = search->finer_count - i < AT_A_TIME ? search->finer_count - i : AT_A_TIME;
        add_codes(index->finer, &search->of_finer, search->finer + i, some, scores);
        for (int64_t j = 0; j < some; j++) keep_hit(index, asked, search, search->finer[i + j].place, scores[j]);
    }
    search->finer_count = 0;
}

#endif
