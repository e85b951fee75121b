// A block of targets that is read against list after list: a part's codes are brought into numbers once for all targets, and
// multiplied with those of many of them at a time.
#ifndef SEARCH_BLOCK_H
#define SEARCH_BLOCK_H

#include "first_bound.h"
#include "numbers.h"

enum { PARTS_DECODED = 16, LIST_COLUMNS = 16, ROOM = 256, FEWEST_IN_BLOCK = 48, FEWEST_WITH_FINER = 16 };

#if defined(__AVX512F__)

// A target that may find answers in some parts of a list.
typedef struct {
    uint32_t target;
    float base, bound;  // the score of the list's centre, and the target's bound
    uint32_t promises;  // bit by bit: which parts promise enough
} Member;

typedef struct {
    product_function *multiply;
    int64_t steps;            // of 64 numbers each
    int64_t bytes;            // of a target's numbers
    int64_t wide;             // targets, rounded up to sixteen
    Search *searches;         // [targets]
    float *turned;            // [targets][turned]
    int8_t *numbers;          // [targets][bytes]
    float *units, *per_units; // [targets]: what a unit of the sums is worth, and the inverse
    float *origins;           // [targets]: the sums of a row at its centre
    float *bounds;            // [wide]: the k-th best scores; INFINITY for those that are not read together
    float *columns;           // [LIST_COLUMNS][wide]: the scores of the centres of some lists
    uint32_t *members;        // [wide]: the targets that may find answers in a list, and as many numbers of them:
    float *bases;             // the scores of its centre
    float *members_bounds;    // their bounds
    uint32_t *promises;       // bit by bit: which parts promise enough
    Member *ordered;          // [wide]: those that any part promises enough to
    int8_t *centre_query;
    int32_t *raw;
    uint8_t *rows;            // [PARTS_DECODED][2][16 * steps][16][4]: numbers of a list
    float *shares;            // [PARTS_DECODED][PART_ROWS]
    float *least_shares;      // [PARTS_DECODED]
    int8_t *together;         // [TARGETS_AT_ONCE][bytes]: numbers of the targets that are multiplied
    int32_t *sums;            // [2][2][TARGETS_AT_ONCE][16]: of a part, and of the one before
    Passed *finer;            // [TARGETS_AT_ONCE][ROOM]
    Ranked *hits;             // [targets][MOST_HITS]
    Seed_rows *seeds;         // of the target that finds its first bound
    Target_units target_units;
    Search alone;             // memory of a target that reads by itself
} Block;

static void number_parts(const List_index *index, const Question *asked, const Block *block, const Levels *levels,
                         int64_t first, int64_t end) {
    const int64_t limit = asked->limit < index->rows ? asked->limit : index->rows;
    const int64_t half_size = block->steps * QUADS_OF_STEP * QUAD_BYTES;
    for (int64_t part = first; part < end; part++) {
        float *shares = block->shares + (part - first) * PART_ROWS;
        for (int half = 0; half < 2; half++) {
            const int64_t rows = part * PART_ROWS + half * (PART_ROWS / 2);
            number_rows(index, levels, index->coarse + part * bytes_of_part(index), index->fine + rows * LINE, half,
                        block->steps, block->rows + (2 * (part - first) + half) * half_size, shares + half * (PART_ROWS / 2));
            leave_out(index->ids + rows, limit, shares + half * (PART_ROWS / 2));
        }
        block->least_shares[part - first] =
            _mm512_reduce_min_ps(_mm512_min_ps(_mm512_loadu_ps(shares), _mm512_loadu_ps(shares + PART_ROWS / 2)));
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
    uint32_t promising; // bit by bit: parts that promise any of them enough
} Some;

static void take_rows(const List_index *index, const Question *asked, const Block *block, Some *some, int64_t at,
                      uint32_t mask, const int32_t *sums, const float *shares, uint32_t first) {
    Search *search = &block->searches[some->members[at]];
    const float unit = block->units[some->members[at]];
    some->have_rows |= 1u << at;
    search->finer = block->finer + at * ROOM;
    for (; mask; mask &= mask - 1) {
        const int row = __builtin_ctz(mask);
        const int32_t sum = sums[row / 16 * (TARGETS_AT_ONCE * BLOCK_ROWS) + row % 16];
        const float score = ((float)sum - some->least[at]) * unit;
        const uint32_t place = first + (uint32_t)row;
        if (index->finer != NULL) {
            finer_ahead(index, place);
            search->finer[search->finer_count++] = (Passed){score, place};
        } else keep_hit(index, asked, search, place, score / shares[row]);
    }
    if (search->finer_count > ROOM - PART_ROWS) look_at_finer(index, asked, search);
}

// The least sums [TARGETS_AT_ONCE] with which a row may pass whose share is `share`, the least of a part.
INLINE void least_sums(const Some *some, float share, int32_t *least) {
    for (int64_t i = 0; i < TARGETS_AT_ONCE; i += 16) {
        const __m512 per_share = _mm512_loadu_ps(some->per_share + i);
        const __m512 sums = _mm512_fmadd_ps(per_share, _mm512_set1_ps(share), _mm512_loadu_ps(some->least + i));
        const __m512 within = _mm512_min_ps(sums, _mm512_set1_ps(2e9f));
        const __mmask16 any = _mm512_cmp_ps_mask(per_share, _mm512_setzero_ps(), _CMP_LT_OQ); // then larger shares need less
        const __m512i floors = _mm512_cvt_roundps_epi32(within, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
        _mm512_storeu_si512(least + i, _mm512_mask_mov_epi32(floors, any, _mm512_set1_epi32(INT32_MIN)));
    }
}

// Which rows of a part pass for a target of some.
INLINE uint32_t passing(const Some *some, int64_t at, const int32_t *sums, const float *shares) {
    const __m512 per_share = _mm512_set1_ps(some->per_share[at]), least = _mm512_set1_ps(some->least[at]);
    const __m512 low = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums));
    const __m512 high = _mm512_cvtepi32_ps(_mm512_loadu_si512(sums + TARGETS_AT_ONCE * BLOCK_ROWS));
    const __m512 least_low = _mm512_fmadd_ps(per_share, _mm512_loadu_ps(shares), least);
    const __m512 least_high = _mm512_fmadd_ps(per_share, _mm512_loadu_ps(shares + 16), least);
    return _mm512_cmp_ps_mask(low, least_low, _CMP_GE_OQ) | (uint32_t)_mm512_cmp_ps_mask(high, least_high, _CMP_GE_OQ) << 16;
}

// Takes the rows of a part whose sums come up to the bounds; few do.
static void take_part(const List_index *index, const Question *asked, const Block *block, Some *some, int64_t part,
                      int64_t number, const int32_t *sums) {
    int32_t least[TARGETS_AT_ONCE];
    const float *shares = block->shares + number * PART_ROWS;
    least_sums(some, block->least_shares[number], least);
    for (int64_t i = 0; i < some->count; i++, sums += BLOCK_ROWS) {
        const __m512i largest = _mm512_max_epi32(_mm512_loadu_si512(sums),
                                                 _mm512_loadu_si512(sums + TARGETS_AT_ONCE * BLOCK_ROWS));
        if (__builtin_expect(_mm512_cmpge_epi32_mask(largest, _mm512_set1_epi32(least[i])) == 0, 1)) continue;
        const uint32_t mask = passing(some, i, sums, shares);
        if (mask) take_rows(index, asked, block, some, i, mask, sums, shares, (uint32_t)(part * PART_ROWS));
    }
}

// Brings what a part is compared with together for `count` members.
static void gather(const Block *block, const Member *members, int64_t count, float margin, Some *some) {
    some->count = count, some->have_rows = 0, some->promising = 0;
    for (int64_t i = 0; i < count; i++) {
        const Member member = members[i];
        const float per_unit = block->per_units[member.target];
        some->members[i] = member.target;
        some->per_share[i] = (member.bound - margin) * per_unit;
        some->least[i] = block->origins[member.target] - member.base * per_unit;
        some->promising |= member.promises;
    }
    for (int64_t i = count; i < TARGETS_AT_ONCE; i++) some->per_share[i] = some->least[i] = 0; // compared with no sum
    for (int64_t i = 0; i < count; i++) {
        const __m512i *from = (const __m512i *)(block->numbers + some->members[i] * block->bytes);
        __m512i *to = (__m512i *)(block->together + i * block->bytes);
        for (int64_t step = 0; step < block->steps; step++) to[step] = from[step];
    }
}

// Codes of the next list, which memory brings while parts of this one are multiplied.
typedef struct {
    const uint8_t *at, *end;
} Ahead;

enum { LINES_AHEAD = 8 };

INLINE void bring_ahead(Ahead *ahead) {
    for (int i = 0; i < LINES_AHEAD && ahead->at < ahead->end; i++, ahead->at += LINE) __builtin_prefetch(ahead->at, 0, 2);
}

// The processor multiplies one part while the sums of the one before are compared.
static void read_parts_by_some(const List_index *index, const Question *asked, const Block *block, Some *some,
                               int64_t first, Ahead *ahead) {
    const int64_t size = 2 * block->steps * QUADS_OF_STEP * QUAD_BYTES;
    int32_t *sums = block->sums, *sums_before = block->sums + 2 * TARGETS_AT_ONCE * BLOCK_ROWS;
    int64_t before = -1;
    for (uint32_t left = some->promising; left; left &= left - 1) {
        const int64_t part = first + __builtin_ctz(left);
        bring_ahead(&ahead[0]);
        bring_ahead(&ahead[1]);
        block->multiply(block->together, some->count, block->rows + (part - first) * size, block->steps, sums);
        if (before >= 0) take_part(index, asked, block, some, before, before - first, sums_before);
        int32_t *const free_sums = sums_before;
        sums_before = sums, sums = free_sums, before = part;
    }
    if (before >= 0) take_part(index, asked, block, some, before, before - first, sums_before);
    for (uint32_t left = some->have_rows; left; left &= left - 1) {
        const uint32_t member = some->members[__builtin_ctz(left)];
        look_at_finer(index, asked, &block->searches[member]);
        block->bounds[member] = larger(block->bounds[member], block->searches[member].bound);
    }
}

// Puts those of the targets down that may find answers in a list; gives how many they are.
static int64_t choose_members(const List_index *index, const Question *asked, const Block *block, int64_t list,
                              const float *bases) {
    const int64_t last = index->first_part[list + 1] - 1;
    const __m512 scale = _mm512_set1_ps(index->scales[last]), more = _mm512_set1_ps(asked->reach * index->spreads[last]);
    __m512i who = _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
    int64_t count = 0;
    for (int64_t i = 0; i < block->wide; i += 16, who = _mm512_add_epi32(who, _mm512_set1_epi32(16))) {
        const __m512 base = _mm512_loadu_ps(bases + i), bound = _mm512_loadu_ps(block->bounds + i);
        const __mmask16 enough = _mm512_cmp_ps_mask(_mm512_fmadd_ps(base, scale, more), bound, _CMP_GE_OQ) |
                                 _mm512_cmp_ps_mask(bound, _mm512_setzero_ps(), _CMP_LE_OQ);
        _mm512_storeu_si512(block->members + count, _mm512_maskz_compress_epi32(enough, who));
        _mm512_storeu_ps(block->bases + count, _mm512_maskz_compress_ps(enough, base));
        _mm512_storeu_ps(block->members_bounds + count, _mm512_maskz_compress_ps(enough, bound));
        count += __builtin_popcount(enough);
    }
    return count;
}

// Finds which of some parts of a list promise each of its members enough.
static void find_promises(const List_index *index, const Question *asked, const Block *block, int64_t members, int64_t first,
                          int64_t end) {
    for (int64_t i = 0; i < members; i += 16) {
        const __m512 base = _mm512_loadu_ps(block->bases + i), bound = _mm512_loadu_ps(block->members_bounds + i);
        __m512i promises = _mm512_setzero_si512(), bit = _mm512_set1_epi32(1);
        for (int64_t part = first; part < end; part++, bit = _mm512_slli_epi32(bit, 1)) {
            const __m512 promise = _mm512_fmadd_ps(base, _mm512_set1_ps(index->scales[part]),
                                                   _mm512_set1_ps(asked->reach * index->spreads[part]));
            const __mmask16 enough = _mm512_cmp_ps_mask(promise, bound, _CMP_GE_OQ);
            promises = _mm512_mask_or_epi32(promises, enough, promises, bit);
        }
        _mm512_storeu_si512(block->promises + i, promises);
    }
}

// Puts the members down that any part promises enough to, those first who are promised by the fewest, so that targets one after
// the other read about the same parts; gives how many they are.
static int64_t order_members(const Block *block, int64_t members) {
    uint32_t starts[PARTS_DECODED + 2] = {0};
    for (int64_t i = 0; i < members; i++) starts[__builtin_popcount(block->promises[i]) + 1]++;
    const uint32_t none = starts[1];
    starts[1] = 0;
    for (int parts = 1; parts <= PARTS_DECODED; parts++) starts[parts + 1] += starts[parts];
    for (int64_t i = 0; i < members; i++) {
        const uint32_t promises = block->promises[i];
        const Member member = {block->members[i], block->bases[i], block->members_bounds[i], promises};
        if (promises) block->ordered[starts[__builtin_popcount(promises)]++] = member;
    }
    return members - none;
}

// Brings the scores of the centres of LIST_COLUMNS lists together for all targets.
static void gather_columns(const Block *block, int64_t list) {
    for (int64_t i = 0; i < block->wide; i += 16) {
        __m512i lines[16], columns[LIST_COLUMNS];
        for (int64_t j = 0; j < 16; j++) {
            const float *bases = block->searches[i + j].bases + list;
            lines[j] = _mm512_loadu_si512(bases);
            __builtin_prefetch(bases + LIST_COLUMNS);
        }
        transpose(lines, columns);
        for (int64_t j = 0; j < LIST_COLUMNS; j++) _mm512_storeu_si512(block->columns + j * block->wide + i, columns[j]);
    }
}

// List by list, for all targets whose bound in the block is known.
static void read_block(const List_index *index, const Question *asked, const Block *block) {
    const float margin = index->finer != NULL ? asked->fine_margin : asked->finer_margin;
    const Levels levels = levels_of(index);
    for (int64_t list = 0; list < index->lists; list++) {
        if (list % LIST_COLUMNS == 0) gather_columns(block, list);
        const int64_t first = index->first_part[list], end = index->first_part[list + 1];
        if (first == end) continue;
        const int64_t members = choose_members(index, asked, block, list, block->columns + list % LIST_COLUMNS * block->wide);
        if (members == 0) continue;
        for (int64_t from = first; from < end; from += PARTS_DECODED) {
            const int64_t until = end - from < PARTS_DECODED ? end : from + PARTS_DECODED;
            find_promises(index, asked, block, members, from, until);
            const int64_t ordered = order_members(block, members);
            if (ordered == 0) continue;
            number_parts(index, asked, block, &levels, from, until);
            const int64_t next = until + PARTS_DECODED < index->parts ? until + PARTS_DECODED : index->parts;
            Ahead ahead[2] = {{index->fine + until * PART_ROWS * LINE, index->fine + next * PART_ROWS * LINE},
                              {index->coarse + until * bytes_of_part(index), index->coarse + next * bytes_of_part(index)}};
            for (int64_t i = 0; i < ordered; i += TARGETS_AT_ONCE) {
                const int64_t now = ordered - i < TARGETS_AT_ONCE ? ordered - i : TARGETS_AT_ONCE;
                Some some;
                gather(block, block->ordered + i, now, margin, &some);
                read_parts_by_some(index, asked, block, &some, from, ahead);
            }
        }
    }
}

// ---- A block

// Below some number of targets it takes longer to bring codes into numbers than it saves.
static int is_block(const List_index *index, int64_t together) {
    return together >= (index->finer != NULL ? FEWEST_WITH_FINER : FEWEST_IN_BLOCK) && products() != NULL;
}

// Lays a block out in memory at `room`, which is written to if it `is_there`; gives where it ends.
static char *lay_out(const List_index *index, int64_t targets, char *room, int is_there, Block *block) {
    const int64_t columns = (index->lists + LIST_COLUMNS - 1) / LIST_COLUMNS * LIST_COLUMNS;
    const int64_t half_size = steps_of(index) * QUADS_OF_STEP * QUAD_BYTES, wide = (targets + 15) / 16 * 16;
    char *end = room;
    block->multiply = products();
    block->steps = steps_of(index), block->bytes = steps_of(index) * QUAD_BYTES;
    block->wide = wide;
    block->turned = (float *)part_of(&end, 4 * index->turned * targets);
    block->numbers = (int8_t *)part_of(&end, block->bytes * targets);
    block->units = (float *)part_of(&end, 4 * targets);
    block->per_units = (float *)part_of(&end, 4 * targets);
    block->origins = (float *)part_of(&end, 4 * targets);
    block->bounds = (float *)part_of(&end, 4 * wide);
    block->columns = (float *)part_of(&end, 4 * LIST_COLUMNS * wide);
    block->members = (uint32_t *)part_of(&end, 4 * (wide + 16));
    block->bases = (float *)part_of(&end, 4 * (wide + 16));
    block->members_bounds = (float *)part_of(&end, 4 * (wide + 16));
    block->promises = (uint32_t *)part_of(&end, 4 * wide);
    block->ordered = (Member *)part_of(&end, (int64_t)sizeof(Member) * wide);
    block->centre_query = (int8_t *)part_of(&end, index->turned);
    block->raw = (int32_t *)part_of(&end, 4 * (index->lists + BLOCK_ROWS));
    block->rows = (uint8_t *)part_of(&end, PARTS_DECODED * 2 * half_size);
    block->shares = (float *)part_of(&end, 4 * PARTS_DECODED * PART_ROWS);
    block->least_shares = (float *)part_of(&end, 4 * PARTS_DECODED);
    block->together = (int8_t *)part_of(&end, TARGETS_AT_ONCE * block->bytes);
    block->sums = (int32_t *)part_of(&end, 4 * 2 * 2 * TARGETS_AT_ONCE * BLOCK_ROWS);
    block->finer = (Passed *)part_of(&end, sizeof(Passed) * TARGETS_AT_ONCE * ROOM);
    block->hits = (Ranked *)part_of(&end, (int64_t)sizeof(Ranked) * MOST_HITS * targets);
    block->searches = (Search *)part_of(&end, (int64_t)sizeof(Search) * wide);
    block->seeds = (Seed_rows *)part_of(&end, sizeof(Seed_rows));
    block->alone = reading_memory(index, &end);
    for (int64_t i = 0; i < wide; i++) {
        Search search = block->alone; // each has it until the next begins
        search.bases = (float *)part_of(&end, 4 * columns);
        search.best = (Ranked *)part_of(&end, sizeof(Ranked) * LARGEST_K);
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

// A target that finds too few rows in its first lists reads all others by itself.
static void read_alone(const List_index *index, const Question *asked, const Block *block, Search *search) {
    search->finer = block->alone.finer, search->hits = block->alone.hits;
    read_seeds(index, asked, search);
    choose_parts(index, asked, search);
    read_chosen(index, asked, search);
}

// Finds a bound for a target, with which it reads together with others.
static void begin_in_block(const List_index *index, const Question *asked, const Block *block, int64_t i) {
    Search *search = &block->searches[i];
    const float *turned = block->turned + i * index->turned;
    block->bounds[i] = INFINITY;
    begin(index, search, turned, block->centre_query, block->raw);
    if (!search->is_direction) return;
    choose_seeds(index, search);
    const float bound = first_bound(index, asked, search, block->seeds);
    if (bound == NO_BOUND) return read_alone(index, asked, block, search);
    search->hits = block->hits + i * MOST_HITS;
    search->is_guess = 1;
    search->bound = block->bounds[i] = bound;
    block->units[i] = number_target(index, &block->target_units, turned, block->numbers + i * block->bytes, &block->origins[i]);
    block->per_units[i] = 1 / block->units[i];
}

static void search_block(const List_index *index, const Question *asked, const float *targets, int64_t count,
                         const Block *given) {
    Block block = *given;
    block.wide = (count + 15) / 16 * 16;
    find_target_units(index, &block.target_units);
    turn(index, targets, count, block.turned);
    for (int64_t i = 0; i < count; i++) {
        block.searches[i].target = targets + i * index->dimension;
        begin_in_block(index, asked, &block, i);
    }
    for (int64_t i = count; i < block.wide; i++) block.bounds[i] = INFINITY;
    set_up(block.multiply);
    read_block(index, asked, &block);
    put_away(block.multiply);
    for (int64_t i = 0; i < count; i++) rank_hits(index, asked, &block.searches[i]);
}

#else

typedef struct {
    Search *searches;
} Block;

static int is_block(const List_index *index, int64_t together) { return (void)index, (void)together, 0; }
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
