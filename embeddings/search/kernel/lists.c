// Search in lists: rows near each other are in one list, those of about the same distance from its centre in one part of it,
// and a search reads the parts that can hold an answer.
//
// The lists with the nearest centres are read first, then those parts of all others that promise as much as the score of the
// k-th best row that was found. So how much is read goes by the target, by k, and by how many rows filters leave; only how far
// to go was measured when the index was built.
#include "block.h"
#include "helper.h"

enum { MOST_PARTED = 256 };

// ---- Scratch memory

static int64_t searches_for(int64_t together) { return together > 1 ? together : 2; }

static int64_t bytes_of_search(const List_index *index) {
    return rounded(sizeof(Search)) + rounded(MOST_NIBBLES * TABLE * COPIES) + rounded(4 * index->lists) +
           2 * rounded(sizeof(Ranked) * 2 * MOST_WAITING) + rounded(sizeof(Ranked) * LARGEST_K);
}

// One target that is alone chooses parts, with room for more of them at the end.
static int64_t parts_with_room(const List_index *index, int64_t together) {
    return together > 1 ? 0 : index->parts + PARTS_AT_ONCE;
}

// How many bytes of scratch memory `search_lists` takes for `together` targets at once.
EXPORT(int64_t, list_scratch_bytes)(const List_index *index, int64_t together) {
    if (is_block(together)) return bytes_of_block(index, together);
    return rounded(4 * index->turned * together) + rounded(index->turned) + rounded(4 * (index->lists + BLOCK_ROWS)) +
           4 * rounded(sizeof(Passed) * MOST_WAITING) + 2 * rounded(4 * index->dimension) +
           2 * rounded(4 * parts_with_room(index, together)) + rounded(parts_with_room(index, together)) +
           3 * rounded(4 * (index->lists + 1)) + rounded(index->lists + PARTS_AT_ONCE) +
           rounded(4 * (index->lists * together + PARTS_AT_ONCE)) +
           rounded(2 * index->lists * together) +
           searches_for(together) * bytes_of_search(index) + 64;
}

// Scratch memory of a call.
typedef struct {
    float *turned; // [together][turned]
    int8_t *centre_query;
    int32_t *raw;
    float *scales, *spreads; // [lists]: those of the last part of each list
    uint8_t *has_some;  // [lists + 16]: whether a target reads a list
    uint32_t *lists_of; // [together][lists], and room for 16: the lists that each target reads
    uint32_t *starts;   // [lists + 1]
    uint16_t *members;  // [lists * together]: the targets that read a list, list after list
    Search *searches;   // one for each target at once, and two for one
} Scratch;

static Scratch scratch_of(const List_index *index, int64_t together, char *from) {
    char *room = aligned(from);
    Scratch scratch;
    scratch.turned = (float *)part_of(&room, 4 * index->turned * together);
    scratch.centre_query = (int8_t *)part_of(&room, index->turned);
    scratch.raw = (int32_t *)part_of(&room, 4 * (index->lists + BLOCK_ROWS));
    scratch.scales = (float *)part_of(&room, 4 * (index->lists + 1));
    scratch.spreads = (float *)part_of(&room, 4 * (index->lists + 1));
    scratch.starts = (uint32_t *)part_of(&room, 4 * (index->lists + 1));
    scratch.has_some = (uint8_t *)part_of(&room, index->lists + PARTS_AT_ONCE);
    scratch.lists_of = (uint32_t *)part_of(&room, 4 * (index->lists * together + PARTS_AT_ONCE));
    scratch.members = (uint16_t *)part_of(&room, 2 * index->lists * together);
    float *part_bases = (float *)part_of(&room, 4 * parts_with_room(index, together));
    uint32_t *chosen = (uint32_t *)part_of(&room, 4 * parts_with_room(index, together));
    uint8_t *is_chosen = (uint8_t *)part_of(&room, parts_with_room(index, together));
    Passed *passed[2], *finer[2];
    float *row_rooms[2];
    for (int i = 0; i < 2; i++) {
        passed[i] = (Passed *)part_of(&room, sizeof(Passed) * MOST_WAITING);
        finer[i] = (Passed *)part_of(&room, sizeof(Passed) * MOST_WAITING);
        row_rooms[i] = (float *)part_of(&room, 4 * index->dimension);
    }
    scratch.searches = (Search *)part_of(&room, (int64_t)sizeof(Search) * searches_for(together));
    for (int64_t i = 0; i < searches_for(together); i++) {
        Search *search = &scratch.searches[i];
        search->tables = (uint8_t *)part_of(&room, MOST_NIBBLES * TABLE * COPIES);
        search->bases = (float *)part_of(&room, 4 * index->lists);
        search->part_bases = part_bases, search->chosen = chosen, search->is_chosen = is_chosen;
        search->passed = passed[together == 1 && i == 1];
        search->finer = finer[together == 1 && i == 1];
        search->hits = (Ranked *)part_of(&room, sizeof(Ranked) * 2 * MOST_WAITING);
        search->doubtful = (Ranked *)part_of(&room, sizeof(Ranked) * 2 * MOST_WAITING);
        search->most_doubtful = 2 * MOST_WAITING;
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

// Every second part is for the other search, which goes on from the best rows so far.
static void part_search(Search *own, Search *other) {
    const Search memory = *other;
    own->step = 2;
    *other = *own;
    other->passed = memory.passed, other->finer = memory.finer, other->hits = memory.hits, other->doubtful = memory.doubtful;
    other->best = memory.best, other->row_room = memory.row_room;
    memcpy(other->best, own->best, sizeof(Ranked) * (size_t)own->held);
    other->chosen++;
    other->chosen_count--;
}

static void read_other_part(Parted *parted) {
    if (atomic_exchange(&parted->is_taken, 1)) return;
    read_chosen(parted->index, parted->asked, parted->other);
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

static void search_alone(Parted *parted) {
    const List_index *index = parted->index;
    const Question *asked = parted->asked;
    Search *search = parted->own;
    if (search->is_direction) {
        choose_seeds(index, search);
        read_seeds(index, asked, search);
        choose_parts(index, asked, search);
    }
    parted->is_parted = asked->threads > 1 && asked->k <= MOST_PARTED && search->chosen_count >= asked->parted_from;
    if (parted->is_parted) part_search(search, parted->other);
    atomic_store(&parted->is_known, 1);
    read_chosen(index, asked, search);
    if (!parted->is_parted) return;
    read_other_part(parted);
    LOCAL(await)(&parted->is_read);
    unite(asked, search, parted->other);
}

// ---- Many targets

// Puts down which lists may hold answers, and gives how many they are.
static int64_t choose_lists(const List_index *index, const Question *asked, const Search *search, const Scratch *scratch,
                            uint32_t *to) {
    const float *bases = search->bases, *scales = scratch->scales, *spreads = scratch->spreads;
    const float reach = asked->reach, bound = search->bound;
    uint8_t *restrict has_some = scratch->has_some;
    for (int64_t list = 0; list < index->lists; list++)
        has_some[list] = (bases[list] * scales[list] + reach * spreads[list] >= bound) | (bound <= 0);
    memset(has_some + index->lists, 0, PARTS_AT_ONCE);
    return places_of_ones(has_some, index->lists, to);
}

// List by list: what one of them brought into the cache is there for all.
static void search_together(const List_index *index, const Question *asked, const Scratch *scratch, int64_t count) {
    const int64_t lists = index->lists;
    for (int64_t list = 0; list < lists; list++) {
        const uint32_t last = index->first_part[list + 1];
        scratch->scales[list] = index->scales[last > 0 ? last - 1 : 0];
        scratch->spreads[list] = index->spreads[last > 0 ? last - 1 : 0];
    }
    memset(scratch->starts, 0, sizeof(uint32_t) * (size_t)(lists + 1));
    for (int64_t i = 0; i < count; i++) {
        Search *search = &scratch->searches[i];
        search->chosen_count = 0;
        if (!search->is_direction) continue;
        uint32_t *chosen = scratch->lists_of + i * lists;
        choose_seeds(index, search);
        read_seeds(index, asked, search);
        search->chosen_count = choose_lists(index, asked, search, scratch, chosen);
        for (int64_t j = 0; j < search->chosen_count; j++) scratch->starts[chosen[j] + 1]++;
    }
    for (int64_t list = 0; list < lists; list++) scratch->starts[list + 1] += scratch->starts[list];
    for (int64_t i = 0; i < count; i++)
        for (int64_t j = 0; j < scratch->searches[i].chosen_count; j++)
            scratch->members[scratch->starts[scratch->lists_of[i * lists + j]]++] = (uint16_t)i;
    uint32_t member = 0;
    for (int64_t list = 0; list < lists; list++)
        for (; member < scratch->starts[list]; member++) { // by now where the next one starts
            Search *search = &scratch->searches[scratch->members[member]];
            if (!may_have_some(index, asked, search, list)) continue;
            rank(index, asked, search, search->hits_count); // their vectors are there since the list before
            read_list(index, asked, search, list);
            leave_list(index, asked, search);
        }
}

// ---- What Python calls

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

static void finish(Call *call, int64_t first, Search *searches, int64_t count) {
    const int64_t k = call->asked->k;
    for (int64_t i = 0; i < count; i++) {
        settle(call->index, call->asked, &searches[i]);
        call->found[first + i] = searches[i].held;
        put_down(searches[i].best, searches[i].held, call->scores + (first + i) * k, call->rows + (first + i) * k);
        call->cannot_read |= searches[i].cannot_read;
    }
}

static void answer(void *given) {
    Call *call = given;
    const List_index *index = call->index;
    const Question *asked = call->asked;
    const int by_block = is_block(call->together);
    const int64_t at_once = call->count < call->together ? call->count : call->together;
    const Block block = by_block ? block_of(index, at_once, call->memory) : (Block){0};
    const Scratch scratch = by_block ? (Scratch){0} : scratch_of(index, call->together, call->memory);
    Search *searches = by_block ? block.searches : scratch.searches;
    for (int64_t first = 0; first < call->count; first += call->together) {
        const int64_t left = call->count - first, now = left < call->together ? left : call->together;
        const float *targets = call->targets + first * index->dimension;
        if (by_block) search_block(index, asked, targets, now, &block);
        else {
            turn(index, targets, now, scratch.turned);
            for (int64_t i = 0; i < now; i++) {
                searches[i].target = targets + i * index->dimension;
                begin(index, &searches[i], scratch.turned + i * index->turned, scratch.centre_query, scratch.raw);
            }
        }
        if (call->together == 1) {
            call->parted.own = searches, call->parted.other = searches + 1;
            search_alone(&call->parted);
        } else if (!by_block) search_together(index, asked, &scratch, now);
        finish(call, first, searches, now);
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

// What a search sees of rows: for each of `targets` [count][dimension] the scores by centre, by coarse code, by
// fine and by finer code of the rows at `places` [count][each] in `lists` [count][each], to `scores` [4][count][each].
EXPORT(void, score_places)(const List_index *index, const float *targets, int64_t count, const int64_t *places,
                           const int64_t *lists, int64_t each, char *scratch, float *scores) {
    const int64_t pairs = nibbles_of(index) / 2, all = count * each;
    const Scratch own = scratch_of(index, 1, scratch);
    Search *search = own.searches;
    for (int64_t i = 0; i < count; i++) {
        search->target = targets + i * index->dimension;
        turn(index, search->target, 1, own.turned);
        begin(index, search, own.turned, own.centre_query, own.raw);
        for (int64_t j = i * each; j < (i + 1) * each; j++) {
            uint16_t sums[PART_ROWS];
            const int64_t place = places[j], part = place / PART_ROWS, row = place % PART_ROWS;
            const uint8_t *codes = index->coarse + part * bytes_of_part(index);
            scan(codes, pairs, search->tables, (Bound){INT16_MIN, 0}, sums);
            const float base = search->is_direction ? search->bases[lists[j]] : 0;
            const float by_coarse = coarse_score(search, base, sums[row]);
            scores[j] = base * index->scales[part];
            scores[all + j] = by_coarse / ((float)codes[place_in_part(row)] * SHARE_UNIT);
            Passed passed = {by_coarse, (uint32_t)place};
            add_codes(index->fine, &search->fine, &passed, 1, scores + 2 * all + j);
            scores[3 * all + j] = scores[2 * all + j];
            if (index->finer != NULL) add_codes(index->finer, &search->of_finer, &passed, 1, scores + 3 * all + j);
        }
    }
}

// What `products` gives, by tiles or by VNNI; says whether this processor has it.
EXPORT(int64_t, multiply_part)(int64_t by_tiles, const int8_t *targets, int64_t count, const uint8_t *rows, int64_t steps,
                               int32_t *sums) {
#if defined(HAS_TILES)
    if (by_tiles && has_tiles()) {
        set_tiles_up();
        products_by_tiles(targets, count, rows, steps, sums);
        put_tiles_away();
        return 1;
    }
#endif
#if defined(__AVX512F__)
    if (!by_tiles && has_vnni()) return products_by_vnni(targets, count, rows, steps, sums), 1;
#endif
    return (void)by_tiles, (void)targets, (void)count, (void)rows, (void)steps, (void)sums, 0;
}
