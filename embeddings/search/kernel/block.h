// A block of targets that is read against list after list: a part's codes are brought into numbers once for all targets, and
// multiplied with those of many of them at a time.
#ifndef SEARCH_BLOCK_H
#define SEARCH_BLOCK_H

#include "choice.h"
#include "numbers.h"

enum { PARTS_DECODED = 16, LIST_COLUMNS = 16, ROOM = 256, FEW_DOUBTFUL = 128, FEWEST_IN_BLOCK = 64 };

#if defined(__AVX512F__)

typedef struct {
    product_function *multiply;
    int64_t steps;            // of 64 numbers each
    int64_t bytes;            // of a target's numbers
    Search *searches;         // [targets]
    float *turned;            // [targets][turned]
    int8_t *numbers;          // [targets][bytes]
    float *units, *per_units; // [targets]: what a unit of the sums is worth, and the inverse
    float *origins;           // [targets]: the sums of a row at its centre
    float *bounds;            // [targets]: the k-th best scores; INFINITY for those that are not read together
    float *columns;           // [LIST_COLUMNS][targets]: the scores of the centres of some lists
    uint8_t *wanted;          // [targets + 16]: whether a target reads a list
    uint32_t *members;        // [targets + 16]: those that do
    uint32_t *promised;       // [targets]: by how many parts they are promised enough
    uint32_t *ordered;        // [targets]: those that are by any, ordered
    int8_t *centre_query;
    int32_t *raw;
    uint8_t *rows;            // [PARTS_DECODED][2][16 * steps][16][4]: numbers of a list
    float *shares;            // [PARTS_DECODED][PART_ROWS]
    int8_t *together;         // [TARGETS_AT_ONCE][bytes]: numbers of the targets that are multiplied
    int32_t *sums;            // [2][TARGETS_AT_ONCE][16]
    Passed *finer;            // [TARGETS_AT_ONCE][ROOM]
    Ranked *hits;             // [TARGETS_AT_ONCE][2 * ROOM]
    Passed *own_finer;        // [MOST_WAITING]: of a target that reads by itself, as the next
    Ranked *own_hits;         // [2 * MOST_WAITING]
} Block;

static void number_parts(const List_index *index, const Question *asked, const Block *block, const Levels *levels,
                         int64_t first, int64_t end) {
    const int64_t limit = asked->limit < index->rows ? asked->limit : index->rows;
    const int64_t half_size = block->steps * QUADS_OF_STEP * QUAD_BYTES;
    for (int64_t part = first; part < end; part++)
        for (int half = 0; half < 2; half++) {
            const uint8_t *ahead = index->fine + (part + 1) * PART_ROWS * LINE + half * (PART_ROWS / 2) * LINE;
            if (part + 1 < index->parts)
                for (int64_t line = 0; line < PART_ROWS / 2; line++) __builtin_prefetch(ahead + line * LINE);
            const int64_t rows = part * PART_ROWS + half * (PART_ROWS / 2), at = 2 * (part - first) + half;
            float *shares = block->shares + at * (PART_ROWS / 2);
            number_rows(index, levels, index->coarse + part * bytes_of_part(index), index->fine + rows * LINE, half,
                        block->steps, block->rows + at * half_size, shares);
            leave_out(index->ids + rows, limit, shares);
        }
}

// ---- Reading

// Some targets that read parts of a list together.
typedef struct {
    uint32_t members[TARGETS_AT_ONCE];
    int64_t count;
    uint32_t have_rows; // bit by bit: whether rows of these parts passed for a target
    float per_share[TARGETS_AT_ONCE], least[TARGETS_AT_ONCE]; // a row passes if its sum comes up to its share of the first and
                                                              // the second
    float bases[TARGETS_AT_ONCE], bounds[TARGETS_AT_ONCE];
} Some;

static void settle_waiting(const List_index *index, const Question *asked, Search *search) {
    if (search->finer_count > 0) look_closest(index, asked, search, search->finer_count);
    if (search->hits_count > 0) rank(index, asked, search, search->hits_count);
}

static void take_rows(const List_index *index, const Question *asked, const Block *block, Some *some, int64_t at,
                      uint32_t mask, const int32_t *sums, const float *shares, uint32_t first) {
    Search *search = &block->searches[some->members[at]];
    const float unit = block->units[some->members[at]];
    if (!(some->have_rows >> at & 1)) {
        some->have_rows |= 1u << at;
        search->finer = block->finer + at * ROOM, search->hits = block->hits + at * 2 * ROOM;
    }
    for (; mask; mask &= mask - 1) {
        const int row = __builtin_ctz(mask);
        const int32_t sum = sums[row / 16 * (TARGETS_AT_ONCE * BLOCK_ROWS) + row % 16];
        const float score = ((float)sum - some->least[at]) * unit;
        const uint32_t place = first + (uint32_t)row;
        if (index->finer != NULL) {
            __builtin_prefetch(index->finer + (int64_t)place * FINER_BYTES);
            __builtin_prefetch(index->finer + (int64_t)place * FINER_BYTES + LINE);
            search->finer[search->finer_count++] = (Passed){score, place};
        } else add_hit(index, asked, search, (Passed){score, place}, score / shares[row]);
    }
    if (search->finer_count > ROOM - PART_ROWS || search->hits_count > ROOM) settle_waiting(index, asked, search);
}

static void read_part_by_some(const List_index *index, const Question *asked, const Block *block, Some *some,
                              int64_t part, int64_t number) {
    const int64_t size = 2 * block->steps * QUADS_OF_STEP * QUAD_BYTES;
    const float *shares = block->shares + number * PART_ROWS;
    block->multiply(block->together, block->rows + number * size, block->steps, block->sums);
    const __m512 low_shares = _mm512_loadu_ps(shares), high_shares = _mm512_loadu_ps(shares + 16);
    const int32_t *sums = block->sums;
    for (int64_t i = 0; i < some->count; i++, sums += BLOCK_ROWS) {
        const __m512 per_share = _mm512_set1_ps(some->per_share[i]), least = _mm512_set1_ps(some->least[i]);
        const __m512 low = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums));
        const __m512 high = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + TARGETS_AT_ONCE * BLOCK_ROWS));
        const uint32_t of_low = _mm512_cmp_ps_mask(low, _mm512_fmadd_ps(per_share, low_shares, least), _CMP_GE_OQ);
        const uint32_t of_high = _mm512_cmp_ps_mask(high, _mm512_fmadd_ps(per_share, high_shares, least), _CMP_GE_OQ);
        const uint32_t mask = of_low | of_high << 16;
        if (__builtin_expect(mask != 0, 0))
            take_rows(index, asked, block, some, i, mask, sums, shares, (uint32_t)(part * PART_ROWS));
    }
}

// Whether a part promises any of the targets enough.
INLINE int is_promising(const List_index *index, const Question *asked, const Some *some, int64_t part) {
    const __m512 scale = _mm512_set1_ps(index->scales[part]), more = _mm512_set1_ps(asked->reach * index->spreads[part]);
    __mmask16 enough = 0;
    for (int64_t i = 0; i < some->count; i += 16)
        enough |= _mm512_cmp_ps_mask(_mm512_fmadd_ps(_mm512_loadu_ps(some->bases + i), scale, more),
                                     _mm512_loadu_ps(some->bounds + i), _CMP_GE_OQ);
    return enough != 0;
}

// Brings what a part is compared with together for `count` targets.
static void gather(const Block *block, const uint32_t *members, int64_t count, const float *bases, float margin,
                   Some *some) {
    some->count = count, some->have_rows = 0;
    for (int64_t i = 0; i < TARGETS_AT_ONCE; i += 16) {
        const __mmask16 there = (__mmask16)(count - i >= 16 ? 0xffff : count > i ? (1 << (count - i)) - 1 : 0);
        const __m512i who = _mm512_maskz_loadu_epi32(there, members + i);
        const __m512 base = _mm512_i32gather_ps(who, bases, 4), bound = _mm512_i32gather_ps(who, block->bounds, 4);
        const __m512 per_unit = _mm512_i32gather_ps(who, block->per_units, 4);
        const __m512 origin = _mm512_i32gather_ps(who, block->origins, 4);
        _mm512_storeu_si512(some->members + i, who);
        _mm512_storeu_ps(some->bases + i, base);
        _mm512_storeu_ps(some->bounds + i, _mm512_mask_mov_ps(_mm512_set1_ps(INFINITY), there, bound));
        _mm512_storeu_ps(some->per_share + i, _mm512_mul_ps(_mm512_sub_ps(bound, _mm512_set1_ps(margin)), per_unit));
        _mm512_storeu_ps(some->least + i, _mm512_fnmadd_ps(base, per_unit, origin));
    }
    for (int64_t i = 0; i < count; i++) {
        const __m512i *from = (const __m512i *)(block->numbers + members[i] * block->bytes);
        __m512i *to = (__m512i *)(block->together + i * block->bytes);
        for (int64_t step = 0; step < block->steps; step++) to[step] = from[step];
    }
}

static void read_parts_by_some(const List_index *index, const Question *asked, const Block *block, Some *some,
                               int64_t first, int64_t end) {
    for (int64_t part = first; part < end; part++)
        if (is_promising(index, asked, some, part)) read_part_by_some(index, asked, block, some, part, part - first);
    for (uint32_t left = some->have_rows; left; left &= left - 1) {
        const uint32_t member = some->members[__builtin_ctz(left)];
        settle_waiting(index, asked, &block->searches[member]);
        block->bounds[member] = block->searches[member].bound;
    }
}

// Puts down those of `count` targets that may find answers in a list; gives how many they are.
static int64_t choose_members(const List_index *index, const Question *asked, const Block *block, int64_t list,
                              const float *bases, int64_t count) {
    const int64_t last = index->first_part[list + 1] - 1;
    const float scale = index->scales[last], more = asked->reach * index->spreads[last];
    const float *bounds = block->bounds;
    uint8_t *wanted = block->wanted;
    for (int64_t i = 0; i < count; i++)
        wanted[i] = (bases[i] * scale + more >= bounds[i]) | ((bounds[i] <= 0) & (bases[i] != ALREADY_READ));
    memset(wanted + count, 0, PARTS_AT_ONCE);
    return places_of_ones(wanted, count, block->members);
}

// Puts those members first that some parts promise enough to, who are promised by the fewest of them first, so that sixteen
// targets one after the other read about the same parts; gives how many they are.
static int64_t order_members(const List_index *index, const Question *asked, const Block *block, const float *bases,
                             int64_t members, int64_t first, int64_t end) {
    uint32_t starts[PARTS_DECODED + 2] = {0};
    for (int64_t i = 0; i < members; i += 16) {
        const __mmask16 there = (__mmask16)(members - i < 16 ? (1 << (members - i)) - 1 : 0xffff);
        const __m512i who = _mm512_maskz_loadu_epi32(there, block->members + i);
        const __m512 base = _mm512_i32gather_ps(who, bases, 4), bound = _mm512_i32gather_ps(who, block->bounds, 4);
        __m512i parts = _mm512_setzero_si512();
        for (int64_t part = first; part < end; part++) {
            const __m512 promise = _mm512_fmadd_ps(base, _mm512_set1_ps(index->scales[part]),
                                                   _mm512_set1_ps(asked->reach * index->spreads[part]));
            const __mmask16 enough = _mm512_cmp_ps_mask(promise, bound, _CMP_GE_OQ);
            parts = _mm512_mask_add_epi32(parts, enough, parts, _mm512_set1_epi32(1));
        }
        _mm512_mask_storeu_epi32(block->promised + i, there, parts);
    }
    for (int64_t i = 0; i < members; i++) starts[block->promised[i] + 1]++;
    const uint32_t none = starts[1];
    starts[1] = 0;
    for (int parts = 1; parts <= PARTS_DECODED; parts++) starts[parts + 1] += starts[parts];
    for (int64_t i = 0; i < members; i++)
        if (block->promised[i] > 0) block->ordered[starts[block->promised[i]]++] = block->members[i];
    return members - none;
}

// List by list, for all targets whose bound in the block is known.
static void read_block(const List_index *index, const Question *asked, const Block *block, int64_t count) {
    const float margin = index->finer != NULL ? asked->fine_margin : asked->finer_margin;
    const Levels levels = levels_of(index);
    for (int64_t list = 0; list < index->lists; list++) {
        if (list % LIST_COLUMNS == 0) {
            const int64_t some = index->lists - list < LIST_COLUMNS ? index->lists - list : LIST_COLUMNS;
            for (int64_t i = 0; i < count; i++) {
                __builtin_prefetch(block->searches[i].bases + list + LIST_COLUMNS);
                for (int64_t j = 0; j < some; j++) block->columns[j * count + i] = block->searches[i].bases[list + j];
            }
        }
        const int64_t first = index->first_part[list], end = index->first_part[list + 1];
        if (first == end) continue;
        const float *bases = block->columns + list % LIST_COLUMNS * count;
        const int64_t members = choose_members(index, asked, block, list, bases, count);
        if (members == 0) continue;
        for (int64_t from = first; from < end; from += PARTS_DECODED) {
            const int64_t until = end - from < PARTS_DECODED ? end : from + PARTS_DECODED;
            const int64_t ordered = order_members(index, asked, block, bases, members, from, until);
            if (ordered == 0) continue;
            number_parts(index, asked, block, &levels, from, until);
            for (int64_t i = 0; i < ordered; i += TARGETS_AT_ONCE) {
                const int64_t now = ordered - i < TARGETS_AT_ONCE ? ordered - i : TARGETS_AT_ONCE;
                Some some;
                gather(block, block->ordered + i, now, bases, margin, &some);
                read_parts_by_some(index, asked, block, &some, from, until);
            }
        }
    }
}

// ---- A block

// What a search needs while it reads parts by itself.
static Search reading_memory(const List_index *index, char **room) {
    Search search;
    memset(&search, 0, sizeof search);
    search.tables = (uint8_t *)part_of(room, MOST_NIBBLES * TABLE * COPIES);
    search.passed = (Passed *)part_of(room, sizeof(Passed) * MOST_WAITING);
    search.finer = (Passed *)part_of(room, sizeof(Passed) * MOST_WAITING);
    search.hits = (Ranked *)part_of(room, sizeof(Ranked) * 2 * MOST_WAITING);
    search.row_room = (float *)part_of(room, 4 * index->dimension);
    return search;
}

// Below some number of targets it takes longer to bring codes into numbers than it saves.
static int is_block(int64_t together) { return together >= FEWEST_IN_BLOCK && products() != NULL; }

// Lays a block out in memory at `room`, which is written to if it `is_there`; gives where it ends.
static char *lay_out(const List_index *index, int64_t targets, char *room, int is_there, Block *block) {
    const int64_t lists = index->lists, half_size = steps_of(index) * QUADS_OF_STEP * QUAD_BYTES;
    char *end = room;
    block->multiply = products();
    block->steps = steps_of(index), block->bytes = steps_of(index) * QUAD_BYTES;
    block->turned = (float *)part_of(&end, 4 * index->turned * targets);
    block->numbers = (int8_t *)part_of(&end, block->bytes * targets);
    block->units = (float *)part_of(&end, 4 * targets);
    block->per_units = (float *)part_of(&end, 4 * targets);
    block->origins = (float *)part_of(&end, 4 * targets);
    block->bounds = (float *)part_of(&end, 4 * targets);
    block->columns = (float *)part_of(&end, 4 * LIST_COLUMNS * targets);
    block->wanted = (uint8_t *)part_of(&end, targets + PARTS_AT_ONCE);
    block->members = (uint32_t *)part_of(&end, 4 * (targets + PARTS_AT_ONCE));
    block->promised = (uint32_t *)part_of(&end, 4 * targets);
    block->ordered = (uint32_t *)part_of(&end, 4 * targets);
    block->centre_query = (int8_t *)part_of(&end, index->turned);
    block->raw = (int32_t *)part_of(&end, 4 * (lists + BLOCK_ROWS));
    block->rows = (uint8_t *)part_of(&end, PARTS_DECODED * 2 * half_size);
    block->shares = (float *)part_of(&end, 4 * PARTS_DECODED * PART_ROWS);
    block->together = (int8_t *)part_of(&end, TARGETS_AT_ONCE * block->bytes);
    block->sums = (int32_t *)part_of(&end, 4 * 2 * TARGETS_AT_ONCE * BLOCK_ROWS);
    block->finer = (Passed *)part_of(&end, sizeof(Passed) * TARGETS_AT_ONCE * ROOM);
    block->hits = (Ranked *)part_of(&end, sizeof(Ranked) * TARGETS_AT_ONCE * 2 * ROOM);
    block->searches = (Search *)part_of(&end, (int64_t)sizeof(Search) * targets);
    const Search reading = reading_memory(index, &end); // each has it until the next begins
    block->own_finer = reading.finer, block->own_hits = reading.hits;
    for (int64_t i = 0; i < targets; i++) {
        Search search = reading;
        search.bases = (float *)part_of(&end, 4 * lists);
        search.best = (Ranked *)part_of(&end, sizeof(Ranked) * LARGEST_K);
        search.doubtful = (Ranked *)part_of(&end, sizeof(Ranked) * FEW_DOUBTFUL);
        search.most_doubtful = FEW_DOUBTFUL;
        if (is_there) block->searches[i] = search;
    }
    return end;
}

static int64_t bytes_of_block(const List_index *index, int64_t targets) {
    Block block;
    char *const nowhere = (char *)LINE;
    return lay_out(index, targets, nowhere, 0, &block) - nowhere + LINE;
}

static Block block_of(const List_index *index, int64_t targets, char *memory) {
    Block block;
    lay_out(index, targets, aligned(memory), 1, &block);
    return block;
}

// Every target reads its first lists by itself, and goes on by itself if there are not enough rows in them.
static void search_block(const List_index *index, const Question *asked, const float *targets, int64_t count,
                         const Block *block) {
    turn(index, targets, count, block->turned);
    for (int64_t i = 0; i < count; i++) {
        Search *search = &block->searches[i];
        const float *turned = block->turned + i * index->turned;
        block->bounds[i] = INFINITY;
        search->target = targets + i * index->dimension;
        search->finer = block->own_finer, search->hits = block->own_hits; // not the little of the block before
        begin(index, search, turned, block->centre_query, block->raw);
        if (!search->is_direction) continue;
        choose_seeds(index, search);
        read_seeds(index, asked, search);
        if (search->bound == NO_BOUND) {
            for (int64_t list = 0; list < index->lists; list++)
                if (may_have_some(index, asked, search, list)) read_list(index, asked, search, list);
            settle(index, asked, search);
        } else {
            block->units[i] = number_target(index, turned, block->numbers + i * block->bytes, &block->origins[i]);
            block->per_units[i] = 1 / block->units[i];
            block->bounds[i] = search->bound;
        }
    }
    set_up(block->multiply);
    read_block(index, asked, block, count);
    put_away(block->multiply);
}

#else

typedef struct {
    Search *searches;
} Block;

static int is_block(int64_t together) { return (void)together, 0; }
static int64_t bytes_of_block(const List_index *index, int64_t targets) { return (void)index, targets; }
static Block block_of(const List_index *index, int64_t targets, char *memory) {
    return (void)index, (void)targets, (void)memory, (Block){NULL};
}
static void search_block(const List_index *index, const Question *asked, const float *targets, int64_t count,
                         const Block *block) {
    (void)index, (void)asked, (void)targets, (void)count, (void)block;
}

#endif
#endif
