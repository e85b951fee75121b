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

// Of one target: two searches, each for a part of what it reads.
typedef struct {
    float *turned; // [turned]
    int8_t *centre_query;
    int32_t *raw;
    Search searches[2];
} Scratch;

// Lays it out in memory at `room`; gives where it ends.
static char *lay_out_scratch(const List_index *index, char *room, Scratch *scratch) {
    char *end = room;
    scratch->turned = (float *)part_of(&end, 4 * index->turned);
    scratch->centre_query = (int8_t *)part_of(&end, index->turned);
    scratch->raw = (int32_t *)part_of(&end, 4 * (index->lists + BLOCK_ROWS));
    for (int i = 0; i < 2; i++) scratch->searches[i] = reading_memory(index, &end);
    return end;
}

// How many bytes of scratch memory `search_lists` takes for `together` targets at once.
EXPORT(int64_t, list_scratch_bytes)(const List_index *index, int64_t together) {
    Scratch scratch;
    char *const nowhere = (char *)LINE;
    if (is_block(index, together)) return bytes_of_block(index, together);
    return lay_out_scratch(index, nowhere, &scratch) - nowhere + LINE;
}

static Scratch scratch_of(const List_index *index, char *memory) {
    Scratch scratch;
    lay_out_scratch(index, aligned(memory), &scratch);
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

static void answer_in_blocks(Call *call) {
    const int64_t most = call->count < call->together ? call->count : call->together;
    const Block block = block_of(call->index, most, call->memory);
    for (int64_t first = 0; first < call->count; first += most) {
        const int64_t count = call->count - first < most ? call->count - first : most;
        search_block(call->index, call->asked, call->targets + first * call->index->dimension, count, &block);
        finish(call, first, block.searches, count);
    }
}

static void answer(void *given) {
    Call *call = given;
    const List_index *index = call->index;
    if (is_block(index, call->together)) return answer_in_blocks(call);
    Scratch scratch = scratch_of(index, call->memory);
    Search *search = call->parted.own = scratch.searches;
    call->parted.other = scratch.searches + 1;
    for (int64_t i = 0; i < call->count; i++) {
        search->target = call->targets + i * index->dimension;
        turn(index, search->target, 1, scratch.turned);
        begin(index, search, scratch.turned, scratch.centre_query, scratch.raw);
        search_alone(&call->parted);
        finish(call, i, search, 1);
    }
}

static void join(void *given) {
    Parted *parted = &((Call *)given)->parted;
    LOCAL(await)(&parted->is_known);
    if (parted->is_parted) read_other_part(parted);
}

// For each of `targets` [count][dimension] the k nearest rows: `scores` and `rows` [count][k], best first, and how many
// there are in `found` [count]: none of a target that is no direction. So many targets `together` share what is read of lists,
// where they are enough for a block; else each is searched alone. Gives 0 or CANNOT_READ.
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
    Scratch own = scratch_of(index, scratch);
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
