// Search in lists: rows near each other are in one list, and a search reads the lists that can hold an answer.
//
// Lists are read in the order of what they promise: the score of the centre and `reach` times the spread of the list.
// The search ends where that is below the score of the k-th best row that was found. So the number of lists goes by
// the target, by k, and by how many rows filters leave; only `reach` was measured when the index was built.
#include "short_codes.h"

#include <math.h>
#include <unistd.h>

enum { CHUNK = 32, BUCKETS = 64, AHEAD = 24, READ_ALONE = 16 };

typedef struct {
    int32_t score;
    uint32_t row;
} Hit;

typedef struct {
    float score;
    uint32_t row;
} Ranked;

// A target on its way through the lists.
typedef struct {
    const float *target;  // [dimension]
    void *query;          // the rotated target in units of the codes [kept], or the tables of short codes
    float unit;           // what a unit of a score is worth
    int32_t origin;       // the score of a row of zeros
    int32_t margin;       // in units of scores
    float *promises;      // [lists]
    uint32_t *ordered;    // [lists]: the lists to read, in the order of their promises
    int64_t to_read;      // how many of them are left, the last of `chosen`
    int64_t chosen;
    int32_t *heap;        // [k]: the best scores, the least of them first
    int64_t held;         // how many there are in it
    int32_t bound;        // the k-th best score, or INT32_MIN before there are k
    Hit *hits;            // [MOST_HITS]
    int64_t found;
} Search;

// ---- Small parts

static float dot(const float *a, const float *b, int64_t n) {
    // Rows of a mapped matrix lie anywhere, so no aligned vectors; the compiler makes wide ones of eight sums.
    float sums[16] = {0}, sum = 0;
    int64_t at = 0;
    for (; at + 16 <= n; at += 16)
        for (int lane = 0; lane < 16; lane++) sums[lane] += a[at + lane] * b[at + lane];
    for (int lane = 0; lane < 16 && at + lane < n; lane++) sums[lane] += a[at + lane] * b[at + lane];
    for (int step = 8; step > 0; step /= 2)
        for (int lane = 0; lane < step; lane++) sums[lane] += sums[lane + step];
    sum = sums[0];
    return sum;
}

// The numbers of a rotated target for codes of these steps; gives what a unit of the scores is worth.
static float quantise(const float *rotated, const float *steps, int64_t n, int8_t *query, int32_t *origin) {
    float most = 1e-20f;
    int32_t sum = 0;
    for (int64_t i = 0; i < n; i++) {
        const float size = fabsf(rotated[i] * steps[i]);
        most = size > most ? size : most;
    }
    const float scale = LARGEST_OF_QUERY / most;
    for (int64_t i = 0; i < n; i++) {
        const int number = (int)lrintf(rotated[i] * steps[i] * scale);
        query[i] = (int8_t)number;
        sum += number;
    }
    *origin = 128 * sum;
    return most / LARGEST_OF_QUERY;
}

static int32_t in_units(float value, float unit) {
    const float units = value / unit;
    return units < 1e9f ? (int32_t)units : 1000000000;
}

static void sift(int32_t *heap, int64_t count, int64_t at) {
    const int32_t moved = heap[at];
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && heap[child + 1] < heap[child]) child++;
        if (heap[child] >= moved) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

INLINE int is_worse(Ranked a, Ranked b) { return a.score < b.score || (a.score == b.score && a.row > b.row); }

static void sift_ranked(Ranked *heap, int64_t count, int64_t at) {
    const Ranked moved = heap[at];
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && is_worse(heap[child + 1], heap[child])) child++;
        if (!is_worse(heap[child], moved)) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

// ---- Reading a list

static int64_t bytes_of_block(const List_index *index) {
    return index->nibbles ? index->nibbles / 2 * BLOCK_ROWS : index->kept / 4 * QUAD_BYTES;
}

static int is_wanted(const List_index *index, const Question *asked, uint32_t row) {
    if (row >= asked->limit || row >= index->rows) return 0; // NO_ROW is among them
    for (int64_t i = 0; i < asked->excluded_count; i++)
        if (asked->excluded[i] == row) return 0;
    return asked->allowed == NULL || asked->allowed[row];
}

static int32_t enough(const Search *search) {
    // Without k scores anything may be among the best; scores are far from the ends of their type.
    return search->bound == INT32_MIN ? INT32_MIN : search->bound - search->margin;
}

// Leaves out hits that are too low by now. Of a matrix whose rows are all the same too many stay: they are equals.
static void make_room(Search *search) {
    for (int32_t least = enough(search);; search->margin /= 2, least = enough(search)) {
        int64_t kept = 0;
        for (int64_t i = 0; i < search->found; i++) {
            search->hits[kept] = search->hits[i];
            kept += search->hits[i].score >= least;
        }
        search->found = kept;
        if (kept <= MOST_HITS / 2) return;
        if (search->margin == 0) break;
    }
    int64_t kept = 0;
    for (int64_t i = 0; i < search->found; i++) // fewer than k are better than the k-th best
        if (search->hits[i].score > search->bound || kept < MOST_HITS / 4) search->hits[kept++] = search->hits[i];
    search->found = kept;
}

static void take(Search *search, const Question *asked, int32_t score, uint32_t row) {
    if (search->held < asked->k) {
        search->heap[search->held++] = score;
        if (search->held == asked->k) {
            for (int64_t i = asked->k / 2; i-- > 0;) sift(search->heap, asked->k, i);
            search->bound = search->heap[0];
        }
    } else if (score > search->bound) {
        search->heap[0] = score;
        sift(search->heap, asked->k, 0);
        search->bound = search->heap[0];
    }
    if (search->found == MOST_HITS) make_room(search);
    search->hits[search->found++] = (Hit){score, row};
}

static void read_list(const List_index *index, const Question *asked, score_function *score, Search *search, int64_t list) {
    const int64_t width = index->nibbles ? index->nibbles / 2 : index->kept / 4, size = bytes_of_block(index);
    int64_t block = index->starts[list], end = index->starts[list + 1];
    int32_t scores[CHUNK * BLOCK_ROWS];
    uint16_t masks[CHUNK];
    if (asked->limit < index->rows) { // rows of a list ascend: those below the limit come first
        int64_t low = block, high = end;
        while (low < high) {
            const int64_t middle = (low + high) / 2;
            if (index->ids[middle * BLOCK_ROWS] < asked->limit) low = middle + 1;
            else high = middle;
        }
        end = low;
    }
    for (; block < end; block += CHUNK) {
        const int64_t blocks = end - block < CHUNK ? end - block : CHUNK;
        score(index->codes + block * size, width, search->query, blocks, enough(search), scores, masks);
        for (int64_t b = 0; b < blocks; b++)
            for (uint32_t left = masks[b]; left; left &= left - 1) {
                const int at = __builtin_ctz(left);
                const uint32_t row = index->ids[(block + b) * BLOCK_ROWS + at];
                const int32_t of_row = scores[b * BLOCK_ROWS + at];
                if (of_row >= enough(search) && is_wanted(index, asked, row)) take(search, asked, of_row, row);
            }
    }
}

// ---- Which lists, and in which order

// Brings the target into units of the codes and finds what each list promises. Gives 0 if it is no direction.
static int begin(const List_index *index, const Question *asked, score_function *score, Search *search,
                     float *rotated, int8_t *centre_query, int32_t *raw) {
    const int64_t quads = index->kept / 4, blocks = (index->lists + BLOCK_ROWS - 1) / BLOCK_ROWS;
    uint16_t masks[CHUNK];
    const float square = dot(search->target, search->target, index->dimension);
    if (!(square > 0 && square < 1e30f)) return 0; // nor is NaN
    for (int64_t i = 0; i < index->kept; i++)
        rotated[i] = dot(index->rotation + i * index->dimension, search->target, index->dimension);
    int32_t origin;
    const float unit = quantise(rotated, index->centre_steps, index->kept, centre_query, &origin);
    search->unit = index->nibbles ? tabulate(index, rotated, search->query, &search->origin)
                                  : quantise(rotated, index->steps, index->kept, search->query, &search->origin);
    search->margin = in_units(asked->margin, search->unit);
    for (int64_t block = 0; block < blocks; block += CHUNK) {
        const int64_t some = blocks - block < CHUNK ? blocks - block : CHUNK;
        score(index->centres + block * quads * QUAD_BYTES, quads, centre_query, some, INT32_MIN, raw + block * BLOCK_ROWS,
              masks);
    }
    for (int64_t list = 0; list < index->lists; list++)
        search->promises[list] = (float)(raw[list] - origin) * unit + asked->reach * index->spreads[list];
    return 1;
}

// The lists that promise most are read first, so that there is a bound for the others. Gives the least of their promises.
static float read_seeds(const List_index *index, const Question *asked, score_function *score, Search *search) {
    float best[SEEDS];
    int64_t lists[SEEDS], count = 0;
    for (int64_t list = 0; list < index->lists; list++) {
        const float promise = search->promises[list];
        if (count == SEEDS && promise <= best[SEEDS - 1]) continue;
        int64_t at = count < SEEDS ? count++ : SEEDS - 1;
        for (; at > 0 && best[at - 1] < promise; at--) {
            best[at] = best[at - 1];
            lists[at] = lists[at - 1];
        }
        best[at] = promise;
        lists[at] = list;
    }
    for (int64_t i = 0; i < count; i++) {
        read_list(index, asked, score, search, lists[i]);
        search->promises[lists[i]] = -INFINITY;
    }
    return count ? best[count - 1] : 0;
}

INLINE float bound_of(const Search *search) {
    return search->bound == INT32_MIN ? -1e30f : (float)(search->bound - search->origin) * search->unit;
}

INLINE int bucket_of(float promise, float highest, float scale) {
    const float place = (highest - promise) * scale;
    return place > 0 ? place < BUCKETS - 1 ? (int)place : BUCKETS - 1 : 0;
}

// Puts down the lists that may hold answers, those that promise more first (roughly: by buckets).
static void order_lists(Search *search, int64_t count, float highest, uint32_t *some) {
    const float least = bound_of(search);
    int64_t places[BUCKETS + 1] = {0}, chosen = 0;
    float low = highest;
    for (int64_t list = 0; list < count; list++) {
        some[chosen] = (uint32_t)list;
        chosen += search->promises[list] >= least;
    }
    for (int64_t i = 0; i < chosen; i++) low = search->promises[some[i]] < low ? search->promises[some[i]] : low;
    const float scale = highest > low ? BUCKETS / (highest - low) : 0;
    for (int64_t i = 0; i < chosen; i++) places[bucket_of(search->promises[some[i]], highest, scale) + 1]++;
    for (int i = 0; i < BUCKETS; i++) places[i + 1] += places[i];
    for (int64_t i = 0; i < chosen; i++)
        search->ordered[places[bucket_of(search->promises[some[i]], highest, scale)]++] = some[i];
    search->chosen = search->to_read = chosen;
}

static void read_ahead(const List_index *index, uint32_t list) {
    const char *at = (const char *)index->codes + (int64_t)index->starts[list] * bytes_of_block(index);
    for (int line = 0; line < 32; line++) __builtin_prefetch(at + 64 * line);
}

// Reads up to `most` of the lists in their order.
static void read_in_order(const List_index *index, const Question *asked, score_function *score, Search *search,
                          int64_t most) {
    for (; search->to_read > 0 && most > 0; search->to_read--, most--) {
        const uint32_t *next = search->ordered + search->chosen - search->to_read;
        if (search->to_read > 2) read_ahead(index, next[2]);
        if (search->promises[*next] >= bound_of(search)) read_list(index, asked, score, search, *next);
    }
}

// Reads what is left list by list, each for all targets that want it while it is in the cache.
static void read_together(const List_index *index, const Question *asked, score_function *score, Search *searches,
                          int64_t count, uint32_t *starts, uint16_t *members) {
    memset(starts, 0, sizeof(uint32_t) * (size_t)(index->lists + 1));
    for (int64_t i = 0; i < count; i++) {
        const uint32_t *left = searches[i].ordered + searches[i].chosen - searches[i].to_read;
        for (int64_t j = 0; j < searches[i].to_read; j++) starts[left[j] + 1]++;
    }
    for (int64_t list = 0; list < index->lists; list++) starts[list + 1] += starts[list];
    for (int64_t i = 0; i < count; i++) {
        const uint32_t *left = searches[i].ordered + searches[i].chosen - searches[i].to_read;
        for (int64_t j = 0; j < searches[i].to_read; j++) members[starts[left[j]]++] = (uint16_t)i;
    }
    uint32_t member = 0;
    for (int64_t list = 0; list < index->lists; list++)
        for (; member < starts[list]; member++) { // by now where the next one starts
            Search *search = &searches[members[member]];
            if (search->promises[list] >= bound_of(search)) read_list(index, asked, score, search, list);
        }
}

// ---- Ranking

static const float *vector_of(const List_index *index, uint32_t row, float *room) {
    if (index->vectors != NULL) return index->vectors + (int64_t)row * index->dimension;
    const int64_t size = index->dimension * (int64_t)sizeof(float);
    return pread((int)index->descriptor, room, (size_t)size, index->offset + row * size) == size ? room : NULL;
}

static void rows_ahead(const List_index *index, uint32_t row) {
    if (index->vectors == NULL) return;
    const char *at = (const char *)(index->vectors + (int64_t)row * index->dimension);
    for (int64_t byte = 0; byte < index->dimension * 4; byte += 64) __builtin_prefetch(at + byte);
}

// The best k of the hits by their exact cosine, best first; gives how many there are, or CANNOT_READ.
static int64_t rank_hits(const List_index *index, const Question *asked, Search *search, float *room, Ranked *best,
                         float *scores, int64_t *rows) {
    const int32_t least = enough(search);
    int64_t count = 0, held = 0;
    for (int64_t i = 0; i < search->found; i++) {
        search->hits[count] = search->hits[i];
        count += search->hits[i].score >= least;
    }
    for (int64_t i = 0; i < count && i < AHEAD; i++) rows_ahead(index, search->hits[i].row);
    for (int64_t i = 0; i < count; i++) {
        if (i + AHEAD < count) rows_ahead(index, search->hits[i + AHEAD].row);
        const uint32_t row = search->hits[i].row;
        const float *vector = vector_of(index, row, room);
        if (vector == NULL) return CANNOT_READ;
        const Ranked next = {dot(vector, search->target, index->dimension), row};
        if (held < asked->k) {
            best[held++] = next;
            if (held == asked->k)
                for (int64_t j = held / 2; j-- > 0;) sift_ranked(best, held, j);
        } else if (is_worse(best[0], next)) {
            best[0] = next;
            sift_ranked(best, held, 0);
        }
    }
    if (held < asked->k)
        for (int64_t j = held / 2; j-- > 0;) sift_ranked(best, held, j);
    for (int64_t left = held; left > 0; left--) {
        scores[left - 1] = best[0].score;
        rows[left - 1] = best[0].row;
        best[0] = best[left - 1];
        sift_ranked(best, left - 1, 0);
    }
    return held;
}

// ---- What Python calls

static int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

static char *part_of(char **room, int64_t bytes) {
    char *part = *room;
    *room += rounded(bytes);
    return part;
}

static int64_t bytes_of_query(const List_index *index) {
    return index->nibbles ? index->nibbles * TABLE : index->kept;
}

static int64_t bytes_of_search(const List_index *index) {
    return rounded(sizeof(Search)) + rounded(bytes_of_query(index)) + 2 * rounded(4 * index->lists) + rounded(4 * LARGEST_K) +
           rounded(sizeof(Hit) * MOST_HITS) + rounded(2 * index->lists);
}

static int64_t bytes_shared(const List_index *index) {
    const int64_t padded = index->lists + BLOCK_ROWS;
    return rounded(4 * index->kept) + rounded(index->kept) + 2 * rounded(4 * padded) + rounded(4 * index->dimension) +
           rounded(sizeof(Ranked) * LARGEST_K) + 64;
}

// How many bytes of scratch memory `search_lists` takes for `together` targets at once.
EXPORT(int64_t, list_scratch_bytes)(const List_index *index, int64_t together) {
    return bytes_shared(index) + together * bytes_of_search(index);
}

// For each of `targets` [count][dimension] the k nearest rows: `scores` and `rows` [count][k], best first, and how many
// there are in `found` [count]: none of a target that is no direction. `together` targets at once share what is read of a list: with one, lists are read in
// the best order; with more, each list stays in the cache for all. Gives 0 or CANNOT_READ.
EXPORT(int64_t, search_lists)(const List_index *index, const Question *asked, const float *targets, int64_t count,
                              int64_t together, char *scratch, float *scores, int64_t *rows, int64_t *found) {
    char *room = scratch + (64 - (uintptr_t)scratch % 64) % 64;
    const int64_t padded = index->lists + BLOCK_ROWS, k = asked->k;
    float *rotated = (float *)part_of(&room, 4 * index->kept);
    int8_t *centre_query = (int8_t *)part_of(&room, index->kept);
    int32_t *raw = (int32_t *)part_of(&room, 4 * padded);
    uint32_t *some = (uint32_t *)part_of(&room, 4 * padded);
    float *row_room = (float *)part_of(&room, 4 * index->dimension);
    Ranked *best = (Ranked *)part_of(&room, sizeof(Ranked) * LARGEST_K);
    Search *searches = (Search *)part_of(&room, sizeof(Search) * together);
    uint16_t *members = (uint16_t *)part_of(&room, 2 * index->lists * together);
    for (int64_t i = 0; i < together; i++) {
        searches[i].query = part_of(&room, bytes_of_query(index));
        searches[i].promises = (float *)part_of(&room, 4 * index->lists);
        searches[i].ordered = (uint32_t *)part_of(&room, 4 * index->lists);
        searches[i].heap = (int32_t *)part_of(&room, 4 * LARGEST_K);
        searches[i].hits = (Hit *)part_of(&room, sizeof(Hit) * MOST_HITS);
    }
    score_function *of_centres = score_blocks(), *of_rows = index->nibbles ? score_short : of_centres;
    for (int64_t first = 0; first < count; first += together) {
        const int64_t now = count - first < together ? count - first : together;
        for (int64_t i = 0; i < now; i++) {
            Search *search = &searches[i];
            search->target = targets + (first + i) * index->dimension;
            search->held = search->found = search->margin = search->chosen = search->to_read = 0;
            search->bound = INT32_MIN;
            if (!begin(index, asked, of_centres, search, rotated, centre_query, raw)) continue;
            const float highest = read_seeds(index, asked, of_rows, search);
            order_lists(search, index->lists, highest, some);
            read_in_order(index, asked, of_rows, search, now == 1 ? index->lists : READ_ALONE);
        }
        if (now > 1) read_together(index, asked, of_rows, searches, now, some, members);
        for (int64_t i = 0; i < now; i++) {
            const int64_t at = first + i;
            found[at] = rank_hits(index, asked, &searches[i], row_room, best, scores + at * k, rows + at * k);
            if (found[at] < 0) return found[at];
        }
    }
    return 0;
}
