// Search in lists: rows near each other are in one list, those of about the same distance from its centre in one part of it,
// and a search reads the parts that can hold an answer.
//
// Lists are read in the order of their centres' scores, and of each those parts that promise as much as the score of the k-th
// best row that was found. So how much is read goes by the target, by k, and by how many rows filters leave; only how far to
// go was measured when the index was built.
#include "coarse_codes.h"
#include "fine_codes.h"

#include <math.h>
#include <unistd.h>

enum { CHUNK = 32, BUCKETS = 64, READ_ALONE = 16, MOST_WAITING = 2 * CHUNK * BLOCK_ROWS, SOME_WAITING = 16 };
static const float NO_BOUND = -1e30f;

typedef struct {
    float score;
    uint32_t row;
} Ranked;

// A row whose coarse code passed: its fine code is on its way from memory.
typedef struct {
    float score; // of its centre and its coarse code, not divided
    uint32_t place;
} Passed;

// Blocks that are read in one go, of one list.
typedef struct {
    int64_t block, end;
    float base; // the score of its centre
} Run;

// A target on its way through the lists.
typedef struct {
    const float *target;  // [dimension]
    uint8_t *tables;      // of its coarse codes
    float unit, origin;   // what a unit of their sums is worth, and the sum of a row at its centre
    Fine_query fine;
    float *bases;         // [lists]: the scores of the centres
    float *promises;      // [parts]
    float *heights;       // [lists]: the largest promise of each one's parts
    uint32_t *ordered;    // [lists]: those to read, in the order of their scores
    int64_t chosen;       // how many they are
    int64_t at_list;      // which of them is read
    int64_t at_part;      // and which part of it is next
    Passed *passed;       // [MOST_WAITING]: rows that wait for their fine codes
    int64_t passed_count;
    Ranked *hits;         // [MOST_WAITING]: rows, with their scores by fine codes, that wait for their vectors
    int64_t hits_count;
    Ranked *best;         // [k]: by exact scores, the worst first once there are k
    int64_t held;         // how many there are
    float bound;          // the k-th best score, or NO_BOUND before there are k
    int cannot_read;
} Search;

// ---- Small parts

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

INLINE int is_worse(Ranked a, Ranked b) { return a.score < b.score || (a.score == b.score && a.row > b.row); }

static void sift(Ranked *heap, int64_t count, int64_t at) {
    const Ranked moved = heap[at];
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

// ---- Reading a part

static int is_wanted(const List_index *index, const Question *asked, uint32_t row) {
    if (row >= asked->limit || row >= index->rows) return 0; // NO_ROW is among them
    for (int64_t i = 0; i < asked->excluded_count; i++)
        if (asked->excluded[i] == row) return 0;
    return asked->allowed == NULL || asked->allowed[row];
}

static const float *vector_of(const List_index *index, uint32_t row, float *room) {
    if (index->vectors != NULL) return index->vectors + (int64_t)row * index->dimension;
    const int64_t size = index->dimension * (int64_t)sizeof(float);
    return pread((int)index->descriptor, room, (size_t)size, index->offset + row * size) == size ? room : NULL;
}

static void row_ahead(const List_index *index, uint32_t row) {
    if (index->vectors == NULL) return;
    const char *at = (const char *)(index->vectors + (int64_t)row * index->dimension);
    for (int64_t byte = 0; byte < index->dimension * 4; byte += 64) __builtin_prefetch(at + byte);
}

// Ranks the first `count` hits by their exact cosines.
static void rank(const List_index *index, const Question *asked, Search *search, int64_t count, float *row_room) {
    for (int64_t i = 0; i < count; i++) {
        const Ranked hit = search->hits[i];
        if (hit.score < search->bound - asked->fine_margin) continue; // the bound has risen since
        const float *vector = vector_of(index, hit.row, row_room);
        if (vector == NULL) {
            search->cannot_read = 1;
            break;
        }
        const Ranked next = {dot(vector, search->target, index->dimension), hit.row};
        if (search->held < asked->k) {
            search->best[search->held++] = next;
            if (search->held < asked->k) continue;
            for (int64_t j = search->held / 2; j-- > 0;) sift(search->best, search->held, j);
        } else if (is_worse(search->best[0], next)) {
            search->best[0] = next;
            sift(search->best, search->held, 0);
        } else continue;
        search->bound = search->best[0].score;
    }
    search->hits_count -= count;
    memmove(search->hits, search->hits + count, sizeof(Ranked) * (size_t)search->hits_count);
}

INLINE float coarse_score(const Search *search, float base, uint16_t sum) {
    return base + ((float)sum - search->origin) * search->unit;
}

INLINE float fine_score(const List_index *index, const Search *search, Passed row) {
    const int64_t bytes = fine_bytes(index);
    const uint8_t *code = index->fine + row.place * bytes;
    return (row.score + fine_part(index, code, &search->fine)) / fine_share(code, bytes);
}

// Makes hits of those of the first `count` rows that passed whose fine codes come up to the bound.
static void look_closer(const List_index *index, const Question *asked, Search *search, int64_t count) {
    for (int64_t i = 0; i < count; i++) {
        const Passed next = search->passed[i];
        const float score = fine_score(index, search, next);
        if (!(score >= search->bound - asked->fine_margin)) continue;
        const uint32_t row = index->ids[next.place];
        if (!is_wanted(index, asked, row)) continue;
        if (search->bound != NO_BOUND) row_ahead(index, row);
        search->hits[search->hits_count++] = (Ranked){score, row};
    }
    search->passed_count -= count;
    memmove(search->passed, search->passed + count, sizeof(Passed) * (size_t)search->passed_count);
}

// Without a bound all rows are hits: leaves those that come up to the k-th best by fine codes.
static void leave_best_hits(const Question *asked, Search *search) {
    const int64_t k = asked->k;
    if (search->held > 0 || search->hits_count <= k) return;
    Ranked *heap = search->best; // has no rows yet
    memcpy(heap, search->hits, sizeof(Ranked) * (size_t)k);
    for (int64_t i = k / 2; i-- > 0;) sift(heap, k, i);
    for (int64_t i = k; i < search->hits_count; i++)
        if (is_worse(heap[0], search->hits[i])) {
            heap[0] = search->hits[i];
            sift(heap, k, 0);
        }
    const float least = heap[0].score - asked->fine_margin;
    int64_t kept = 0;
    for (int64_t i = 0; i < search->hits_count; i++) {
        search->hits[kept] = search->hits[i];
        kept += search->hits[i].score >= least;
    }
    search->hits_count = kept;
}

// All that still waits.
static void settle(const List_index *index, const Question *asked, Search *search, float *row_room) {
    look_closer(index, asked, search, search->passed_count);
    if (search->bound == NO_BOUND) {
        leave_best_hits(asked, search);
        for (int64_t i = 0; i < search->hits_count; i++) row_ahead(index, search->hits[i].row);
    }
    rank(index, asked, search, search->hits_count, row_room);
}

// Which sums of a part's rows pass: those with base + (sum - origin) * unit >= bound * share - margin. So the margin of a
// score is the wider, the more its code lost.
static Bound bound_of_sums(const Search *search, const Question *asked, float base) {
    if (search->bound == NO_BOUND) return (Bound){INT16_MIN, 0};
    const float scale = 1 / search->unit;
    return (Bound){within_16(search->origin - (base + asked->coarse_margin) * scale),
                   within_16(256 * SHARE_UNIT * search->bound * scale)};
}

static void read_run(const List_index *index, const Question *asked, Search *search, Run run, Run next, float *row_room) {
    const int64_t pairs = nibbles_of(index) / 2, size = bytes_of_block(index), of_fine = fine_bytes(index);
    Ahead ahead = {index->coarse + next.block * size, index->coarse + next.end * size};
    uint16_t sums[CHUNK * BLOCK_ROWS], masks[CHUNK];
    for (int64_t block = run.block; block < run.end; block += CHUNK) {
        const int64_t blocks = run.end - block < CHUNK ? run.end - block : CHUNK;
        const int64_t passed = search->passed_count, hits = search->hits_count;
        scan(index->coarse + block * size, pairs, search->tables, bound_of_sums(search, asked, run.base), blocks, sums, masks,
             &ahead);
        for (int64_t b = 0; b < blocks; b++)
            for (uint32_t left = masks[b]; left; left &= left - 1) {
                const int at = __builtin_ctz(left);
                const uint32_t place = (uint32_t)((block + b) * BLOCK_ROWS + at);
                __builtin_prefetch(index->fine + place * of_fine);
                if (of_fine > LINE) __builtin_prefetch(index->fine + place * of_fine + LINE);
                __builtin_prefetch(index->ids + place);
                search->passed[search->passed_count++] =
                    (Passed){coarse_score(search, run.base, sums[b * BLOCK_ROWS + at]), place};
            }
        if (search->bound == NO_BOUND || search->passed_count > MOST_WAITING / 2) settle(index, asked, search, row_room);
        else if (passed >= SOME_WAITING) { // what was asked for just now is not there yet
            look_closer(index, asked, search, passed);
            rank(index, asked, search, hits, row_room);
        }
    }
}

// The first block from `block` on that has only rows from the limit on: rows of a part ascend.
static int64_t end_below(const List_index *index, int64_t limit, int64_t block, int64_t end) {
    while (block < end) {
        const int64_t middle = (block + end) / 2;
        if (index->ids[middle * BLOCK_ROWS] < limit) block = middle + 1;
        else end = middle;
    }
    return end;
}

// The next parts from `part` to `last` of a list that promise enough, those that lie side by side in one go; gives where
// to go on, or `last` with an empty run.
static int64_t next_parts(const List_index *index, const Question *asked, const Search *search, int64_t list, int64_t part,
                          int64_t last, Run *run) {
    while (part < last && search->promises[part] < search->bound) part++;
    run->block = run->end = index->starts[part];
    run->base = search->bases[list];
    if (part == last) return last;
    if (asked->limit < index->rows) {
        run->end = end_below(index, asked->limit, run->block, index->starts[part + 1]);
        return part + 1;
    }
    while (part < last && search->promises[part] >= search->bound) part++;
    run->end = index->starts[part];
    return part;
}

// The next run of the lists in their order, up to the list `until`; gives 0 if there is none.
static int next_run(const List_index *index, const Question *asked, Search *search, int64_t until, Run *run) {
    for (; search->at_list < until; search->at_list++, search->at_part = 0) {
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

// Reads the lists in their order, up to the list `until`.
static void read_lists(const List_index *index, const Question *asked, Search *search, int64_t until, float *row_room) {
    Run run, next;
    for (int more = next_run(index, asked, search, until, &run); more; run = next) {
        more = next_run(index, asked, search, until, &next);
        read_run(index, asked, search, run, next, row_room);
    }
}

// ---- Which parts, and in which order

// Brings the target into units of the codes and finds what each part promises. Gives 0 if it is no direction.
static int begin(const List_index *index, const Question *asked, score_function *score, Search *search, float *turned,
                 int8_t *centre_query, int32_t *raw) {
    const int64_t quads = index->turned / 4, blocks = (index->lists + BLOCK_ROWS - 1) / BLOCK_ROWS;
    uint16_t masks[CHUNK];
    const float square = dot(search->target, search->target, index->dimension);
    if (!(square > 0 && square < 1e30f)) return 0; // nor is NaN
    for (int64_t i = 0; i < index->turned; i++)
        turned[i] = dot(index->rotation + i * index->dimension, search->target, index->dimension);
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
            const float promise = base * index->scales[part] + asked->reach * index->spreads[part];
            search->promises[part] = promise;
            height = promise > height ? promise : height;
        }
        search->bases[list] = base;
        search->heights[list] = height;
    }
    return 1;
}

// The lists whose centres score best are read first, so that there is a bound for the others.
static void read_seeds(const List_index *index, const Question *asked, Search *search, float *row_room) {
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
    read_lists(index, asked, search, count, row_room);
    for (int64_t i = 0; i < count; i++) search->heights[lists[i]] = -INFINITY;
}

INLINE int bucket_of(float score, float highest, float scale) {
    const float place = (highest - score) * scale;
    return place > 0 ? place < BUCKETS - 1 ? (int)place : BUCKETS - 1 : 0;
}

// Puts down the lists that may hold answers, those whose centres score better first (roughly: by buckets).
static void order_lists(Search *search, int64_t count, uint32_t *some) {
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

// Reads what is left list by list, each for all targets that want it while it is in the cache.
static void read_together(const List_index *index, const Question *asked, Search *searches, int64_t count, uint32_t *starts,
                          uint16_t *members, float *row_room) {
    memset(starts, 0, sizeof(uint32_t) * (size_t)(index->lists + 1));
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = searches[i].at_list; j < searches[i].chosen; j++) starts[searches[i].ordered[j] + 1]++;
    for (int64_t list = 0; list < index->lists; list++) starts[list + 1] += starts[list];
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = searches[i].at_list; j < searches[i].chosen; j++)
            members[starts[searches[i].ordered[j]]++] = (uint16_t)i;
    uint32_t member = 0;
    for (int64_t list = 0; list < index->lists; list++)
        for (; member < starts[list]; member++) { // by now where the next one starts
            Search *search = &searches[members[member]];
            const int64_t last = index->first_part[list + 1];
            Run run;
            for (int64_t part = index->first_part[list]; part < last;) {
                part = next_parts(index, asked, search, list, part, last, &run);
                read_run(index, asked, search, run, run, row_room);
            }
        }
}

// Puts the best rows down, best first; gives how many there are, or CANNOT_READ.
static int64_t put_down(Search *search, float *scores, int64_t *rows) {
    const int64_t found = search->held;
    for (int64_t j = found / 2; j-- > 0;) sift(search->best, found, j);
    for (int64_t left = found; left > 0; left--) {
        scores[left - 1] = search->best[0].score;
        rows[left - 1] = search->best[0].row;
        search->best[0] = search->best[left - 1];
        sift(search->best, left - 1, 0);
    }
    return search->cannot_read ? CANNOT_READ : found;
}

// ---- What Python calls

static int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

static char *part_of(char **room, int64_t bytes) {
    char *part = *room;
    *room += rounded(bytes);
    return part;
}

static int64_t bytes_of_search(const List_index *index) {
    return rounded(sizeof(Search)) + rounded(MOST_NIBBLES * TABLE) + 3 * rounded(4 * index->lists) +
           rounded(4 * index->parts) +
           rounded(sizeof(Passed) * MOST_WAITING) + rounded(sizeof(Ranked) * 2 * MOST_WAITING) +
           rounded(sizeof(Ranked) * LARGEST_K) + rounded(2 * index->lists);
}

static int64_t bytes_shared(const List_index *index) {
    const int64_t padded = index->lists + BLOCK_ROWS;
    return rounded(4 * index->turned) + rounded(index->turned) + 2 * rounded(4 * padded) +
           rounded(4 * index->dimension) + 64;
}

// How many bytes of scratch memory `search_lists` takes for `together` targets at once.
EXPORT(int64_t, list_scratch_bytes)(const List_index *index, int64_t together) {
    return bytes_shared(index) + together * bytes_of_search(index);
}

// For each of `targets` [count][dimension] the k nearest rows: `scores` and `rows` [count][k], best first, and how many
// there are in `found` [count]: none of a target that is no direction. `together` targets at once share what is read of a
// list: with one, lists are read in the best order; with more, each list stays in the cache for all. Gives 0 or CANNOT_READ.
EXPORT(int64_t, search_lists)(const List_index *index, const Question *asked, const float *targets, int64_t count,
                              int64_t together, char *scratch, float *scores, int64_t *rows, int64_t *found) {
    char *room = scratch + (64 - (uintptr_t)scratch % 64) % 64;
    const int64_t padded = index->lists + BLOCK_ROWS, k = asked->k;
    float *turned = (float *)part_of(&room, 4 * index->turned);
    int8_t *centre_query = (int8_t *)part_of(&room, index->turned);
    int32_t *raw = (int32_t *)part_of(&room, 4 * padded);
    uint32_t *some = (uint32_t *)part_of(&room, 4 * padded);
    float *row_room = (float *)part_of(&room, 4 * index->dimension);
    Search *searches = (Search *)part_of(&room, sizeof(Search) * together);
    uint16_t *members = (uint16_t *)part_of(&room, 2 * index->lists * together);
    for (int64_t i = 0; i < together; i++) {
        searches[i].tables = (uint8_t *)part_of(&room, MOST_NIBBLES * TABLE);
        searches[i].bases = (float *)part_of(&room, 4 * index->lists);
        searches[i].heights = (float *)part_of(&room, 4 * index->lists);
        searches[i].promises = (float *)part_of(&room, 4 * index->parts);
        searches[i].ordered = (uint32_t *)part_of(&room, 4 * index->lists);
        searches[i].passed = (Passed *)part_of(&room, sizeof(Passed) * MOST_WAITING);
        searches[i].hits = (Ranked *)part_of(&room, sizeof(Ranked) * 2 * MOST_WAITING);
        searches[i].best = (Ranked *)part_of(&room, sizeof(Ranked) * LARGEST_K);
    }
    score_function *of_centres = score_blocks();
    for (int64_t first = 0; first < count; first += together) {
        const int64_t now = count - first < together ? count - first : together;
        for (int64_t i = 0; i < now; i++) {
            Search *search = &searches[i];
            search->target = targets + (first + i) * index->dimension;
            search->passed_count = search->hits_count = search->held = 0;
            search->chosen = search->at_list = search->at_part = 0;
            search->bound = NO_BOUND;
            search->cannot_read = 0;
            if (!begin(index, asked, of_centres, search, turned, centre_query, raw)) continue;
            read_seeds(index, asked, search, row_room);
            order_lists(search, index->lists, some);
            read_lists(index, asked, search, now == 1 || search->chosen < READ_ALONE ? search->chosen : READ_ALONE, row_room);
        }
        if (now > 1) read_together(index, asked, searches, now, some, members, row_room);
        for (int64_t i = 0; i < now; i++) {
            const int64_t at = first + i;
            settle(index, asked, &searches[i], row_room);
            found[at] = put_down(&searches[i], scores + at * k, rows + at * k);
            if (found[at] < 0) return found[at];
        }
    }
    return 0;
}

// What a search sees of rows: for each of `targets` [count][dimension] the scores by centre, by coarse code and by fine
// code of the rows at `places` [count][each], to `scores` [3][count][each].
EXPORT(void, score_places)(const List_index *index, const float *targets, int64_t count, const int64_t *places,
                           const int64_t *lists, const int64_t *parts, int64_t each, char *scratch, float *scores) {
    char *room = scratch + (64 - (uintptr_t)scratch % 64) % 64;
    const int64_t padded = index->lists + BLOCK_ROWS, pairs = nibbles_of(index) / 2, all = count * each;
    float *turned = (float *)part_of(&room, 4 * index->turned);
    int8_t *centre_query = (int8_t *)part_of(&room, index->turned);
    int32_t *raw = (int32_t *)part_of(&room, 4 * padded);
    Search *search = (Search *)part_of(&room, sizeof(Search));
    search->tables = (uint8_t *)part_of(&room, MOST_NIBBLES * TABLE);
    search->bases = (float *)part_of(&room, 4 * index->lists);
    search->heights = (float *)part_of(&room, 4 * index->lists);
    search->promises = (float *)part_of(&room, 4 * index->parts);
    const Question nothing = {0};
    for (int64_t i = 0; i < count; i++) {
        search->target = targets + i * index->dimension;
        const int is_direction = begin(index, &nothing, score_blocks(), search, turned, centre_query, raw);
        for (int64_t j = i * each; j < (i + 1) * each; j++) {
            uint16_t sums[BLOCK_ROWS], mask;
            const int64_t place = places[j], block = place / BLOCK_ROWS;
            const uint8_t *codes = index->coarse + block * bytes_of_block(index);
            Ahead ahead = {codes, codes};
            scan(codes, pairs, search->tables, (Bound){INT16_MIN, 0}, 1, sums, &mask, &ahead);
            const float base = is_direction ? search->bases[lists[j]] : 0;
            const float by_coarse = coarse_score(search, base, sums[place % BLOCK_ROWS]);
            scores[j] = base * index->scales[parts[j]];
            scores[all + j] = by_coarse / ((float)codes[place % BLOCK_ROWS] * SHARE_UNIT);
            scores[2 * all + j] = fine_score(index, search, (Passed){by_coarse, (uint32_t)place});
        }
    }
}
