// The best rows so far of a target: a heap with the worst first, the lower row better among equals.
#ifndef SEARCH_BEST_ROWS_H
#define SEARCH_BEST_ROWS_H

#include <stdint.h>

typedef struct {
    float score;
    uint32_t row;
} Ranked;

static inline int is_worse(Ranked a, Ranked b) { return a.score < b.score || (a.score == b.score && a.row > b.row); }

static void sift(Ranked *heap, int64_t count, int64_t at) {
    const Ranked moved = heap[at];
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

// Adds `next` to the `held` best, k at most, if it is one of them; says whether k are known now and the worst of them is
// another than before.
static inline int add_ranked(Ranked *best, int64_t *held, int64_t k, Ranked next) {
    if (*held < k) {
        best[(*held)++] = next;
        if (*held < k) return 0;
        for (int64_t i = k / 2; i-- > 0;) sift(best, k, i);
    } else if (is_worse(best[0], next)) {
        best[0] = next;
        sift(best, k, 0);
    } else return 0;
    return 1;
}

// Puts the rows down, best first.
static void put_down(Ranked *best, int64_t held, float *scores, int64_t *rows) {
    for (int64_t j = held / 2; j-- > 0;) sift(best, held, j);
    for (int64_t left = held; left > 0; left--) {
        scores[left - 1] = best[0].score;
        rows[left - 1] = best[0].row;
        best[0] = best[left - 1];
        sift(best, left - 1, 0);
    }
}

#endif
