// Which lists a target reads, and which parts of them: those that promise as much as the bound, the nearest lists first.
#ifndef SEARCH_ORDER_H
#define SEARCH_ORDER_H

#include "reading.h"

enum { BUCKETS = 64 };

// ---- The next parts

// The first block from `block` on that has only rows from the limit on: rows of a part ascend.
static int64_t end_below(const List_index *index, int64_t limit, int64_t block, int64_t end) {
    while (block < end) {
        const int64_t middle = (block + end) / 2;
        if (index->ids[middle * BLOCK_ROWS] < limit) block = middle + 1;
        else end = middle;
    }
    return end;
}

// What the rows of a part can score at most, as far as that was measured.
INLINE float promise_of(const List_index *index, const Question *asked, float base, int64_t part) {
    return base * index->scales[part] + asked->reach * index->spreads[part];
}

// The next parts from `part` to `last` of a list that promise enough, those that lie side by side in one go; gives where
// to go on, or `last` with an empty run.
static int64_t next_parts(const List_index *index, const Question *asked, const Search *search, int64_t list, int64_t part,
                          int64_t last, Run *run) {
    run->base = search->bases[list];
    while (part < last && promise_of(index, asked, run->base, part) < search->bound) part++;
    run->block = run->end = index->starts[part];
    if (part == last) return last;
    if (asked->limit < index->rows) {
        run->end = end_below(index, asked->limit, run->block, index->starts[part + 1]);
        return part + 1;
    }
    while (part < last && promise_of(index, asked, run->base, part) >= search->bound) part++;
    run->end = index->starts[part];
    return part;
}

// The next run of the lists in their order; gives 0 if there is none.
static int next_run(const List_index *index, const Question *asked, Search *search, Run *run) {
    for (; search->at_list < search->chosen; search->at_list++, search->at_part = 0) {
        if (!(search->turns >> search->at_list % 8 & 1)) continue;
        const uint32_t list = search->ordered[search->at_list];
        const int64_t first = index->first_part[list], last = index->first_part[list + 1];
        while (search->at_part < last - first) {
            search->at_part = next_parts(index, asked, search, list, first + search->at_part, last, run) - first;
            if (run->block < run->end) return 1;
        }
    }
    *run = (Run){0, 0, 0};
    return 0;
}

// Reads the lists in their order.
static void read_lists(const List_index *index, const Question *asked, Search *search) {
    Run run, next;
    for (int more = next_run(index, asked, search, &run); more; run = next) {
        more = next_run(index, asked, search, &next);
        read_run(index, asked, search, run, next);
    }
}

// ---- The order of lists

// The numbers of a turned target for codes of these steps; gives what a unit of the scores is worth.
static float quantise(const float *turned, const float *steps, int64_t n, int8_t *query, int32_t *origin) {
    float most = 1e-20f;
    int32_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const float size = fabsf(turned[i] * steps[i]);
        most = size > most ? size : most;
    }
    const float scale = LARGEST_OF_QUERY / most;
    for (int64_t i = 0; i < n; i++) {
        const int number = (int)lrintf(turned[i] * steps[i] * scale);
        query[i] = (int8_t)number;
        sum += number;
    }
    *origin = 128 * sum;
    return most / LARGEST_OF_QUERY;
}

// Turns `targets` [count][dimension], to `turned` [count][turned].
static void turn(const List_index *index, const float *targets, int64_t count, float *turned) {
    for (int64_t i = 0; i < index->turned; i++)
        for (int64_t j = 0; j < count; j++)
            turned[j * index->turned + i] =
                dot(index->rotation + i * index->dimension, targets + j * index->dimension, index->dimension);
}

// Brings a turned target into units of the codes and finds what each list promises.
static void begin(const List_index *index, const Question *asked, Search *search, const float *turned, int8_t *centre_query,
                  int32_t *raw) {
    const int64_t quads = index->turned / 4, blocks = (index->lists + BLOCK_ROWS - 1) / BLOCK_ROWS;
    score_function *score = score_blocks();
    uint16_t masks[CHUNK];
    const float square = dot(search->target, search->target, index->dimension);
    search->passed_count = search->hits_count = search->held = 0;
    search->chosen = search->at_list = search->at_part = 0;
    search->turns = 0xff;
    search->bound = NO_BOUND;
    search->at_once = search->cannot_read = 0;
    search->is_direction = square > 0 && square < 1e30f; // NaN is none
    if (!search->is_direction) return;
    int32_t origin;
    const float unit = quantise(turned, index->centre_steps, index->turned, centre_query, &origin);
    search->unit = tabulate(index, turned, search->tables, &search->origin);
    prepare_fine(index, turned, &search->fine);
    for (int64_t block = 0; block < blocks; block += CHUNK) {
        const int64_t some = blocks - block < CHUNK ? blocks - block : CHUNK;
        score(index->centres + block * quads * QUAD_BYTES, quads, centre_query, some, INT32_MIN, raw + block * BLOCK_ROWS,
              masks);
    }
    for (int64_t list = 0; list < index->lists; list++) {
        const float base = (float)(raw[list] - origin) * unit;
        float height = -INFINITY;
        for (int64_t part = index->first_part[list]; part < index->first_part[list + 1]; part++) {
            const float promise = promise_of(index, asked, base, part);
            height = promise > height ? promise : height;
        }
        search->bases[list] = base;
        search->heights[list] = height;
    }
}

// The lists whose centres score best are read first, so that there is a bound for the others.
static void choose_seeds(const List_index *index, Search *search) {
    float best[SEEDS];
    uint32_t *lists = search->ordered;
    int64_t count = 0;
    for (int64_t list = 0; list < index->lists; list++) {
        const float score = search->bases[list];
        if (count == SEEDS && score <= best[SEEDS - 1]) continue;
        int64_t at = count < SEEDS ? count++ : SEEDS - 1;
        for (; at > 0 && best[at - 1] < score; at--) {
            best[at] = best[at - 1];
            lists[at] = lists[at - 1];
        }
        best[at] = score;
        lists[at] = (uint32_t)list;
    }
    search->chosen = count;
}

INLINE int bucket_of(float score, float highest, float scale) {
    const float place = (highest - score) * scale;
    return place > 0 ? place < BUCKETS - 1 ? (int)place : BUCKETS - 1 : 0;
}

// Puts down the other lists that may hold answers, those whose centres score better first (roughly: by buckets).
static void order_lists(Search *search, int64_t count, uint32_t *some) {
    for (int64_t i = 0; i < search->chosen; i++) search->heights[search->ordered[i]] = -INFINITY;
    int64_t places[BUCKETS + 1] = {0}, chosen = 0;
    float low = INFINITY, high = -INFINITY;
    for (int64_t list = 0; list < count; list++) {
        some[chosen] = (uint32_t)list;
        chosen += search->heights[list] >= search->bound;
    }
    for (int64_t i = 0; i < chosen; i++) {
        const float score = search->bases[some[i]];
        low = score < low ? score : low;
        high = score > high ? score : high;
    }
    const float scale = high > low ? BUCKETS / (high - low) : 0;
    for (int64_t i = 0; i < chosen; i++) places[bucket_of(search->bases[some[i]], high, scale) + 1]++;
    for (int i = 0; i < BUCKETS; i++) places[i + 1] += places[i];
    for (int64_t i = 0; i < chosen; i++) search->ordered[places[bucket_of(search->bases[some[i]], high, scale)]++] = some[i];
    search->chosen = chosen;
    search->at_list = search->at_part = 0;
}

#endif
