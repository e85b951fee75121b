// Rows that a target of a block found by codes: they wait until the end to be ranked by their vectors, when most of them need not
// be any more.
#ifndef SEARCH_HITS_H
#define SEARCH_HITS_H

#include "choice.h"

enum { MOST_HITS = 512 };

// Ranks the hits by their vectors, which takes the place of the guess that the bound was so far.
static inline void rank_hits(const List_index *index, const Question *asked, Search *search) {
    if (search->is_guess) search->held = 0; // `best` had scores by codes
    rank_guessed(index, asked, search);
}

// The vectors of those that are ranked first.
static inline void hits_ahead(const List_index *index, const Search *search) {
    for (int64_t i = 0; i < search->hits_count; i++)
        if (search->hits[i].score >= search->bound) row_ahead(index, search->hits[i].row);
}

// Leaves the hits that come up to the bound by now, or ranks them if they are too many.
static inline void thin_out(const List_index *index, const Question *asked, Search *search) {
    const float least = search->bound - asked->finer_margin;
    int64_t kept = 0;
    for (int64_t i = 0; i < search->hits_count; i++) {
        search->hits[kept] = search->hits[i];
        kept += search->hits[i].score >= least;
    }
    search->hits_count = kept;
    if (kept > MOST_HITS / 2) rank_hits(index, asked, search);
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

INLINE void finer_ahead(const List_index *index, uint32_t place) {
    __builtin_prefetch(index->finer + (int64_t)place * FINER_BYTES);
    __builtin_prefetch(index->finer + (int64_t)place * FINER_BYTES + LINE);
}

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
