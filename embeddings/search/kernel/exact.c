// The nearest of all rows. Codes of some rows at a time tell which may be among the best of a target, and only those are
// compared by their vectors. None is lost: with q' and x' for what codes make of a target q and a row x,
// |q·x - q'·x'| <= |q'| |x - x'| + |q - q'| |x| (Cauchy and Schwarz).
#include "best_rows.h"
#include "lists.h"
#include "products.h"

#include <math.h>

enum { LARGEST_CODE = 127, NO_NUMBERS = -1 };
static const float ROUNDING = 4e-6f; // of a product of lengths 1, and more
static const float LARGEST_SQUARE = 1e30f;

typedef struct {
    double per_unit;      // one by what a unit of its codes is worth
    float length, error;  // |q'| and |q - q'|
    int32_t origin;       // the product of 128 for each number
    int32_t least;        // rows with a smaller product are not among the best
    int64_t held;
} Target;

// Some rows in codes.
typedef struct {
    double per_unit;     // the same for all
    float length, error; // the largest |x| and |x - x'|
} Rows;

// Puts `row` [n] into whole units, a byte each, from `zero` on; gives the length of what they leave, `left` [n].
static float encode(const float *restrict row, int64_t n, float unit, float zero, uint8_t *restrict codes,
                    float *restrict left) {
    const float per_unit = 1 / unit, from = TO_WHOLE + zero;
    for (int64_t i = 0; i < n; i++) {
        const float whole = row[i] * per_unit + from;
        codes[i] = (uint8_t)bits_of(whole);
        left[i] = row[i] - (whole - from) * unit;
    }
    return sqrtf(dot(left, left, n));
}

// Says whether the target is made of numbers. `query` [4 * quads] is zero before.
static int prepare(Target *found, const float *target, int64_t n, int8_t *query, float *left) {
    const float square = dot(target, target, n), unit = largest_size(target, NULL, n) / LARGEST_OF_QUERY;
    if (!(square < LARGEST_SQUARE)) return 0; // as NaN is not
    const float error = encode(target, n, unit, 0, (uint8_t *)query, left);
    *found = (Target){1 / (double)unit, sqrtf(square) + error, error, origin_of(query, n), INT32_MIN, 0};
    return 1;
}

// Codes of `count` rows [count][n], up to ROWS_AT_ONCE, in blocks. With a `per_unit` of 0 there are none: some rows are not
// made of numbers.
static Rows encode_rows_in_blocks(const float *rows, int64_t count, int64_t n, uint8_t *codes, uint8_t *of_row, float *left) {
    const int64_t quads = (n + 3) / 4;
    Rows found = {0, 0, 0};
    float unit = 0;
    for (int64_t row = 0; row < count; row++) {
        const float square = dot(rows + row * n, rows + row * n, n), most = largest_size(rows + row * n, NULL, n);
        if (!(square < LARGEST_SQUARE)) return (Rows){0, 0, 0}; // NaN is none
        unit = larger(unit, most);
        found.length = larger(found.length, square);
    }
    unit /= LARGEST_CODE, found.per_unit = 1 / (double)unit, found.length = sqrtf(found.length);
    for (int64_t row = 0; row < count; row++) {
        const float error = encode(rows + row * n, n, unit, 128, of_row, left);
        found.error = larger(found.error, error);
        uint8_t *to = codes + row / BLOCK_ROWS * quads * QUAD_BYTES + row % BLOCK_ROWS * 4;
        for (int64_t quad = 0; quad < quads; quad++) memcpy(to + quad * QUAD_BYTES, of_row + 4 * quad, 4);
    }
    return found;
}

static int32_t least_product(const Target *target, const Rows *rows, float bound) {
    const float rounding = ROUNDING * target->length * rows->length;
    const float lost = target->length * rows->error + target->error * rows->length + rounding;
    const double least = ((double)bound - lost) * target->per_unit * rows->per_unit + target->origin - 1;
    return least > INT32_MIN ? least < INT32_MAX ? (int32_t)least : INT32_MAX : INT32_MIN;
}

typedef struct {
    const float *rows; // [count][dimension], the first of them is row `first`
    int64_t first, count, dimension, k;
    Rows codes;
} Seen;

static int is_any(const int32_t *products, int64_t count, int32_t least) {
    int found = 0;
    for (int64_t i = 0; i < count; i++) found |= products[i] >= least;
    return found;
}

// Looks at the rows whose products with the target are large enough.
static void look(const Seen *seen, const float *vector, const int32_t *products, Target *target, Ranked *best) {
    if (!is_any(products, ROWS_AT_ONCE, target->least)) return;
    for (int64_t from = 0; from < seen->count; from += BLOCK_ROWS) {
        if (!is_any(products + from, BLOCK_ROWS, target->least)) continue;
        for (int64_t row = from; row < from + BLOCK_ROWS && row < seen->count; row++) {
            if (products[row] < target->least) continue;
            const float score = dot(seen->rows + row * seen->dimension, vector, seen->dimension);
            if (add_ranked(best, &target->held, seen->k, (Ranked){score, (uint32_t)(seen->first + row)}))
                target->least = least_product(target, &seen->codes, best[0].score);
        }
    }
}

typedef struct {
    uint8_t *codes, *of_row;
    float *left;
    int32_t *products;
    int8_t *queries;
    Target *targets;
    Ranked *best;
} Exact_scratch;

// The parts of `memory`, and where it ends.
static char *part_scratch(char *memory, int64_t dimension, int64_t count, int64_t k, Exact_scratch *scratch) {
    const int64_t width = (dimension + 3) / 4 * 4, padded = (count + QUERIES - 1) / QUERIES * QUERIES;
    scratch->codes = (uint8_t *)part_of(&memory, ROWS_AT_ONCE * width);
    scratch->of_row = (uint8_t *)part_of(&memory, width);
    scratch->left = (float *)part_of(&memory, 4 * width);
    scratch->products = (int32_t *)part_of(&memory, 4 * QUERIES * ROWS_AT_ONCE);
    scratch->queries = (int8_t *)part_of(&memory, padded * width);
    scratch->targets = (Target *)part_of(&memory, count * (int64_t)sizeof(Target));
    scratch->best = (Ranked *)part_of(&memory, count * k * (int64_t)sizeof(Ranked));
    return memory;
}

EXPORT(int64_t, nearest_rows_bytes)(int64_t dimension, int64_t count, int64_t k) {
    Exact_scratch scratch;
    char *const nowhere = (char *)QUAD_BYTES;
    return part_scratch(nowhere, dimension, count, k, &scratch) - nowhere;
}

// For each of `targets` [count][dimension] the `k` nearest of `rows` [all][dimension]: `scores` and `nearest` [count][k],
// best first. `memory` is of zeros. Gives 0, or NO_NUMBERS if that is what a row or a target holds.
EXPORT(int64_t, nearest_rows)(const float *rows, int64_t all, int64_t dimension, const float *targets, int64_t count, int64_t k,
                           char *memory, float *scores, int64_t *nearest) {
    const int64_t quads = (dimension + 3) / 4;
    Exact_scratch own;
    part_scratch(memory, dimension, count, k, &own);
    for (int64_t i = 0; i < count; i++)
        if (!prepare(own.targets + i, targets + i * dimension, dimension, own.queries + i * 4 * quads, own.left)) return NO_NUMBERS;
    for (int64_t first = 0; first < all; first += ROWS_AT_ONCE) {
        Seen seen = {rows + first * dimension, first, all - first, dimension, k, {0, 0, 0}};
        if (seen.count > ROWS_AT_ONCE) seen.count = ROWS_AT_ONCE;
        seen.codes = encode_rows_in_blocks(seen.rows, seen.count, dimension, own.codes, own.of_row, own.left);
        if (seen.codes.per_unit == 0) return NO_NUMBERS;
        const int64_t blocks = (seen.count + BLOCK_ROWS - 1) / BLOCK_ROWS;
        for (int64_t i = 0; i < count; i++) {
            Target *target = own.targets + i;
            Ranked *best = own.best + i * k;
            if (i % QUERIES == 0) multiply(own.codes, quads, own.queries + i * 4 * quads, blocks, own.products);
            target->least = target->held < k ? INT32_MIN : least_product(target, &seen.codes, best[0].score);
            look(&seen, targets + i * dimension, own.products + i % QUERIES * ROWS_AT_ONCE, target, best);
        }
    }
    for (int64_t i = 0; i < count; i++) put_down(own.best + i * k, own.targets[i].held, scores + i * k, nearest + i * k);
    return 0;
}
