// Search in lists: rows near each other are in one list, those of about the same distance from its centre in one part of it,
// and a search reads the parts that can hold an answer.
//
// Lists are read in the order of their centres' scores, and of each those parts that promise as much as the score of the k-th
// best row that was found. So how much is read goes by the target, by k, and by how many rows filters leave; only how far to
// go was measured when the index was built.
#include "helper.h"
#include "reading.h"

enum { BUCKETS = 64, NEAREST = 16 };

// ---- Which parts are next

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

// ---- Which parts, and in which order

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

static int64_t end_of(const Search *search, int64_t most) {
    return search->chosen - search->at_list < most ? search->chosen : search->at_list + most;
}

// Reads the next `most` lists of each target, list by list: what one of them brought into the cache is there for all.
static void read_together(const List_index *index, const Question *asked, Search *searches, int64_t count, int64_t most,
                          uint32_t *starts, uint16_t *members) {
    memset(starts, 0, sizeof(uint32_t) * (size_t)(index->lists + 1));
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = searches[i].at_list; j < end_of(&searches[i], most); j++) starts[searches[i].ordered[j] + 1]++;
    for (int64_t list = 0; list < index->lists; list++) starts[list + 1] += starts[list];
    for (int64_t i = 0; i < count; i++) {
        const int64_t end = end_of(&searches[i], most);
        for (; searches[i].at_list < end; searches[i].at_list++)
            members[starts[searches[i].ordered[searches[i].at_list]]++] = (uint16_t)i;
    }
    uint32_t member = 0;
    for (int64_t list = 0; list < index->lists; list++) {
        const int64_t last = index->first_part[list + 1];
        for (; member < starts[list]; member++) { // by now where the next one starts
            Search *search = &searches[members[member]];
            rank(index, asked, search, search->hits_count); // their vectors are there since the list before
            Run run;
            for (int64_t part = index->first_part[list]; part < last;) {
                part = next_parts(index, asked, search, list, part, last, &run);
                read_run(index, asked, search, run, run);
            }
        }
    }
}

// Puts the best rows down, best first; gives how many there are.
static int64_t put_down(Search *search, float *scores, int64_t *rows) {
    const int64_t found = search->held;
    for (int64_t j = found / 2; j-- > 0;) sift(search->best, found, j);
    for (int64_t left = found; left > 0; left--) {
        scores[left - 1] = search->best[0].score;
        rows[left - 1] = search->best[0].row;
        search->best[0] = search->best[left - 1];
        sift(search->best, left - 1, 0);
    }
    return found;
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
           rounded(sizeof(Ranked) * 2 * MOST_WAITING) + rounded(sizeof(Ranked) * LARGEST_K);
}

// How many bytes of scratch memory `search_lists` takes for `together` targets at once.
EXPORT(int64_t, list_scratch_bytes)(const List_index *index, int64_t together) {
    const int64_t padded = index->lists + BLOCK_ROWS;
    return rounded(4 * index->turned * together) + rounded(index->turned) + 2 * rounded(4 * padded) +
           rounded(sizeof(Passed) * MOST_WAITING) + rounded(4 * index->dimension) + rounded(2 * index->lists * together) + together * bytes_of_search(index) + 64;
}

// Scratch memory of a call.
typedef struct {
    float *turned; // [together][turned]
    int8_t *centre_query;
    int32_t *raw;
    uint32_t *some;
    Search *searches;  // one for each target at once
    uint16_t *members; // [lists * together]
} Scratch;

static Scratch scratch_of(const List_index *index, int64_t together, char *from) {
    char *room = from + (64 - (uintptr_t)from % 64) % 64;
    const int64_t padded = index->lists + BLOCK_ROWS;
    Scratch scratch;
    scratch.turned = (float *)part_of(&room, 4 * index->turned * together);
    scratch.centre_query = (int8_t *)part_of(&room, index->turned);
    scratch.raw = (int32_t *)part_of(&room, 4 * padded);
    scratch.some = (uint32_t *)part_of(&room, 4 * padded);
    scratch.members = (uint16_t *)part_of(&room, 2 * index->lists * together);
    Passed *passed = (Passed *)part_of(&room, sizeof(Passed) * MOST_WAITING);
    float *row_room = (float *)part_of(&room, 4 * index->dimension);
    scratch.searches = (Search *)part_of(&room, (int64_t)sizeof(Search) * together);
    for (Search *search = scratch.searches; search < scratch.searches + together; search++) {
        search->tables = (uint8_t *)part_of(&room, MOST_NIBBLES * TABLE);
        search->bases = (float *)part_of(&room, 4 * index->lists);
        search->heights = (float *)part_of(&room, 4 * index->lists);
        search->ordered = (uint32_t *)part_of(&room, 4 * index->lists);
        search->passed = passed;
        search->hits = (Ranked *)part_of(&room, sizeof(Ranked) * 2 * MOST_WAITING);
        search->best = (Ranked *)part_of(&room, sizeof(Ranked) * LARGEST_K);
        search->row_room = row_room;
    }
    return scratch;
}

static void search_alone(const List_index *index, const Question *asked, const Scratch *scratch, Search *search) {
    if (!search->is_direction) return;
    choose_seeds(index, search);
    read_lists(index, asked, search);
    order_lists(search, index->lists, scratch->some);
    read_lists(index, asked, search);
}

// First those lists that tell most, so that there is a good bound for the others.
static void search_together(const List_index *index, const Question *asked, const Scratch *scratch, int64_t count) {
    Search *searches = scratch->searches;
    for (int64_t i = 0; i < count; i++) {
        searches[i].at_once = 1;
        if (searches[i].is_direction) choose_seeds(index, &searches[i]);
    }
    read_together(index, asked, searches, count, SEEDS, scratch->some, scratch->members);
    for (int64_t i = 0; i < count; i++)
        if (searches[i].is_direction) {
            settle(index, asked, &searches[i]);
            order_lists(&searches[i], index->lists, scratch->some);
        }
    read_together(index, asked, searches, count, NEAREST, scratch->some, scratch->members);
    read_together(index, asked, searches, count, index->lists, scratch->some, scratch->members);
}

typedef struct {
    const List_index *index;
    const Question *asked;
    const float *targets;
    int64_t count, together;
    char *memory;
    float *scores;
    int64_t *rows, *found;
    int cannot_read;
} Call;

static void answer(void *given) {
    Call *call = given;
    const List_index *index = call->index;
    const Question *asked = call->asked;
    const Scratch scratch = scratch_of(index, call->together, call->memory);
    Search *searches = scratch.searches;
    for (int64_t first = 0; first < call->count; first += call->together) {
        const int64_t left = call->count - first, now = left < call->together ? left : call->together;
        const float *targets = call->targets + first * index->dimension;
        turn(index, targets, now, scratch.turned);
        for (int64_t i = 0; i < now; i++) {
            searches[i].target = targets + i * index->dimension;
            begin(index, asked, &searches[i], scratch.turned + i * index->turned, scratch.centre_query, scratch.raw);
        }
        if (now > 1) search_together(index, asked, &scratch, now);
        else search_alone(index, asked, &scratch, searches);
        for (int64_t i = 0; i < now; i++) {
            const int64_t at = first + i;
            settle(index, asked, &searches[i]);
            call->found[at] = put_down(&searches[i], call->scores + at * asked->k, call->rows + at * asked->k);
            call->cannot_read |= searches[i].cannot_read;
        }
    }
}

// For each of `targets` [count][dimension] the k nearest rows: `scores` and `rows` [count][k], best first, and how many
// there are in `found` [count]: none of a target that is no direction. `together` targets at once share what is read of a
// list: with one, lists are read in the best order; with more, each list stays in the cache for all. Gives 0 or CANNOT_READ.
EXPORT(int64_t, search_lists)(const List_index *index, const Question *asked, const float *targets, int64_t count,
                              int64_t together, char *memory, float *scores, int64_t *rows, int64_t *found) {
    Call call = {index, asked, targets, count, together, memory, scores, rows, found, 0};
    if (asked->threads > 1) LOCAL(do_apart)(answer, &call);
    else answer(&call);
    return call.cannot_read ? CANNOT_READ : 0;
}

// What a search sees of rows: for each of `targets` [count][dimension] the scores by centre, by coarse code and by fine
// code of the rows at `places` [count][each], to `scores` [3][count][each].
EXPORT(void, score_places)(const List_index *index, const float *targets, int64_t count, const int64_t *places,
                           const int64_t *lists, const int64_t *parts, int64_t each, char *scratch, float *scores) {
    const int64_t pairs = nibbles_of(index) / 2, all = count * each;
    const Scratch own = scratch_of(index, 1, scratch);
    Search *search = own.searches;
    const Question nothing = {0};
    for (int64_t i = 0; i < count; i++) {
        search->target = targets + i * index->dimension;
        turn(index, search->target, 1, own.turned);
        begin(index, &nothing, search, own.turned, own.centre_query, own.raw);
        for (int64_t j = i * each; j < (i + 1) * each; j++) {
            uint16_t sums[BLOCK_ROWS], mask;
            const int64_t place = places[j], block = place / BLOCK_ROWS;
            const uint8_t *codes = index->coarse + block * bytes_of_block(index);
            Ahead ahead = {codes, codes};
            scan(codes, pairs, search->tables, (Bound){INT16_MIN, 0}, 1, sums, &mask, &ahead);
            const float base = search->is_direction ? search->bases[lists[j]] : 0;
            const float by_coarse = coarse_score(search, base, sums[place % BLOCK_ROWS]);
            scores[j] = base * index->scales[parts[j]];
            scores[all + j] = by_coarse / ((float)codes[place % BLOCK_ROWS] * SHARE_UNIT);
            const Passed row = {by_coarse, (uint32_t)place};
            fine_scores(index, search, &row, 1, scores + 2 * all + j);
        }
    }
}
