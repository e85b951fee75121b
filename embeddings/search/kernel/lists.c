// Search in lists: rows near each other are in one list, those of about the same distance from its centre in one part of it,
// and a search reads the parts that can hold an answer.
//
// Lists are read in the order of their centres' scores, and of each those parts that promise as much as the score of the k-th
// best row that was found. So how much is read goes by the target, by k, and by how many rows filters leave; only how far to
// go was measured when the index was built.
#include "helper.h"
#include "order.h"

enum { NEAREST = 16, MOST_PARTED = 256 };

// ---- Scratch memory

static int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }

static char *part_of(char **room, int64_t bytes) {
    char *part = *room;
    *room += rounded(bytes);
    return part;
}

static int64_t searches_for(int64_t together) { return together > 1 ? together : 2; }

static int64_t bytes_of_search(const List_index *index) {
    return rounded(sizeof(Search)) + rounded(MOST_NIBBLES * TABLE) + 3 * rounded(4 * index->lists) +
           rounded(sizeof(Ranked) * 2 * MOST_WAITING) + rounded(sizeof(Ranked) * LARGEST_K);
}

// How many bytes of scratch memory `search_lists` takes for `together` targets at once.
EXPORT(int64_t, list_scratch_bytes)(const List_index *index, int64_t together) {
    const int64_t padded = index->lists + BLOCK_ROWS;
    return rounded(4 * index->turned * together) + rounded(index->turned) + 2 * rounded(4 * padded) +
           2 * rounded(sizeof(Passed) * MOST_WAITING) + 2 * rounded(4 * index->dimension) +
           rounded(2 * index->lists * together) + searches_for(together) * bytes_of_search(index) + 64;
}

// Scratch memory of a call.
typedef struct {
    float *turned; // [together][turned]
    int8_t *centre_query;
    int32_t *raw;
    uint32_t *some;
    Search *searches;  // one for each target at once, and two for one
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
    Passed *passed[2];
    float *row_rooms[2];
    for (int i = 0; i < 2; i++) {
        passed[i] = (Passed *)part_of(&room, sizeof(Passed) * MOST_WAITING);
        row_rooms[i] = (float *)part_of(&room, 4 * index->dimension);
    }
    scratch.searches = (Search *)part_of(&room, (int64_t)sizeof(Search) * searches_for(together));
    for (int64_t i = 0; i < searches_for(together); i++) {
        Search *search = &scratch.searches[i];
        search->tables = (uint8_t *)part_of(&room, MOST_NIBBLES * TABLE);
        search->bases = (float *)part_of(&room, 4 * index->lists);
        search->heights = (float *)part_of(&room, 4 * index->lists);
        search->ordered = (uint32_t *)part_of(&room, 4 * index->lists);
        search->passed = passed[together == 1 && i == 1];
        search->hits = (Ranked *)part_of(&room, sizeof(Ranked) * 2 * MOST_WAITING);
        search->best = (Ranked *)part_of(&room, sizeof(Ranked) * LARGEST_K);
        search->row_room = row_rooms[together == 1 && i == 1];
    }
    return scratch;
}

// ---- One target, by two threads if there is much to read

typedef struct {
    const List_index *index;
    const Question *asked;
    Search *own, *other;
    atomic_int is_known;  // whether it is parted
    int is_parted;
    atomic_int is_taken;  // the other part, by the first who comes
    atomic_int is_read;   // the other part
} Parted;

static int is_long(const List_index *index, const Question *asked, const Search *search) {
    int64_t blocks = 0;
    if (asked->threads < 2 || asked->k > MOST_PARTED) return 0;
    for (int64_t i = 0; i < search->chosen; i++) {
        const uint32_t *parts = index->first_part + search->ordered[i];
        blocks += index->starts[parts[1]] - index->starts[parts[0]];
    }
    return blocks >= asked->parted_from;
}

// Every second list is for the other part, which goes on from the best rows so far.
static void part_search(const Search *own, Search *other) {
    const Search memory = *other;
    *other = *own;
    other->passed = memory.passed, other->hits = memory.hits, other->best = memory.best, other->row_room = memory.row_room;
    memcpy(other->best, own->best, sizeof(Ranked) * (size_t)own->held);
    other->turns = 0xaa;
}

static void read_other_part(Parted *parted) {
    if (atomic_exchange(&parted->is_taken, 1)) return;
    read_lists(parted->index, parted->asked, parted->other);
    settle(parted->index, parted->asked, parted->other);
    atomic_store(&parted->is_read, 1);
}

// The rows of the other part are new but for those that both began with.
static void unite(const Question *asked, Search *search, const Search *other) {
    const int64_t own = search->held;
    Ranked before[MOST_PARTED];
    memcpy(before, search->best, sizeof(Ranked) * (size_t)own);
    for (int64_t i = 0; i < other->held; i++) {
        int is_new = 1;
        for (int64_t j = 0; j < own; j++) is_new &= before[j].row != other->best[i].row;
        if (is_new) add_to_best(asked, search, other->best[i]);
    }
    search->cannot_read |= other->cannot_read;
}

static void search_alone(Parted *parted, const Scratch *scratch) {
    const List_index *index = parted->index;
    const Question *asked = parted->asked;
    Search *search = parted->own;
    if (search->is_direction) {
        choose_seeds(index, search);
        read_lists(index, asked, search);
        settle(index, asked, search);
        order_lists(search, index->lists, scratch->some);
    }
    parted->is_parted = is_long(index, asked, search);
    if (parted->is_parted) {
        part_search(search, parted->other);
        search->turns = 0x55;
    }
    atomic_store(&parted->is_known, 1);
    read_lists(index, asked, search);
    settle(index, asked, search);
    if (!parted->is_parted) return;
    read_other_part(parted);
    LOCAL(await)(&parted->is_read);
    unite(asked, search, parted->other);
}

// ---- Many targets

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

// ---- What Python calls

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

typedef struct {
    const List_index *index;
    const Question *asked;
    const float *targets;
    int64_t count, together;
    char *memory;
    float *scores;
    int64_t *rows, *found;
    int cannot_read;
    Parted parted; // of the one target
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
        if (call->together > 1) search_together(index, asked, &scratch, now);
        else {
            call->parted.own = searches, call->parted.other = searches + 1;
            search_alone(&call->parted, &scratch);
        }
        for (int64_t i = 0; i < now; i++) {
            const int64_t at = first + i;
            settle(index, asked, &searches[i]);
            call->found[at] = put_down(&searches[i], call->scores + at * asked->k, call->rows + at * asked->k);
            call->cannot_read |= searches[i].cannot_read;
        }
    }
}

static void join(void *given) {
    Parted *parted = &((Call *)given)->parted;
    LOCAL(await)(&parted->is_known);
    if (parted->is_parted) read_other_part(parted);
}

// For each of `targets` [count][dimension] the k nearest rows: `scores` and `rows` [count][k], best first, and how many
// there are in `found` [count]: none of a target that is no direction. `together` targets at once share what is read of a
// list: with one, lists are read in the best order; with more, each list stays in the cache for all. Gives 0 or CANNOT_READ.
EXPORT(int64_t, search_lists)(const List_index *index, const Question *asked, const float *targets, int64_t count,
                              int64_t together, char *memory, float *scores, int64_t *rows, int64_t *found) {
    Call call = {index, asked, targets, count, together, memory, scores, rows, found, 0, {index, asked, 0, 0, 0, 0, 0, 0}};
    if (asked->threads > 1 && count == 1) LOCAL(do_apart)(answer, join, &call);
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
