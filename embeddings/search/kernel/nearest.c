// The nearest centre of each row: what k-means and filling the lists take their time for.
#include "lists.h"
#include "products.h"

#include <math.h>

enum { PARTS_OF_BLOCK = BLOCK_ROWS / LANES };

// The best of the centres that each lane has seen.
typedef struct {
    vf value[PARTS_OF_BLOCK];
    vi block[PARTS_OF_BLOCK];
} Best;

// `products` and `halves` [blocks * 16] are those of blocks from `first` on.
static void keep_best(const int32_t *products, const float *halves, int64_t blocks, int64_t first, float unit, Best *best) {
    Best own = *best; // a copy stays in registers
    for (int64_t block = 0; block < blocks; block++)
        for (int part = 0; part < PARTS_OF_BLOCK; part++) {
            const int64_t at = block * BLOCK_ROWS + part * LANES;
            const vf value = __builtin_convertvector(*(const vi *)(products + at), vf) * unit - load(halves + at);
            const vi is_better = value > own.value[part], here = (int32_t)(first + block) - (vi){0};
            own.value[part] = choose(is_better, value, own.value[part]);
            own.block[part] = (is_better & here) | (~is_better & own.block[part]);
        }
    *best = own;
}

static int32_t best_centre(const Best *best) {
    float values[BLOCK_ROWS];
    int32_t blocks[BLOCK_ROWS];
    memcpy(values, best->value, sizeof values);
    memcpy(blocks, best->block, sizeof blocks);
    int lane = 0;
    for (int other = 1; other < BLOCK_ROWS; other++)
        if (values[other] > values[lane]) lane = other;
    return blocks[lane] * BLOCK_ROWS + lane;
}

// For each of the first `kept` numbers of `rows` [count][stride] the centre with the largest x·c - |c|²/2 goes to `nearest`.
// Centres are codes in blocks, in steps of `steps` [kept]; `halves` [blocks * 16] are the |c|²/2, very large where a block is
// filled up, and begin at a multiple of 64 bytes. `queries` is scratch memory of 16 * kept bytes.
EXPORT(void, nearest_centres)(const float *rows, int64_t count, int64_t stride, int64_t kept, const uint8_t *centres,
                              int64_t blocks, const float *steps, const float *halves, int8_t *queries, int32_t *nearest) {
    int32_t products[QUERIES * ROWS_AT_ONCE] __attribute__((aligned(64)));
    for (int64_t row = 0; row < count; row += QUERIES) {
        const int some = count - row < QUERIES ? (int)(count - row) : QUERIES;
        float units[QUERIES];
        Best best[QUERIES];
        for (int i = 0; i < some; i++) {
            units[i] = quantise(rows + (row + i) * stride, steps, kept, queries + i * kept);
            for (int part = 0; part < PARTS_OF_BLOCK; part++) best[i].value[part] = splat(-INFINITY), best[i].block[part] = (vi){0};
        }
        for (int64_t block = 0; block < blocks; block += BLOCKS_AT_ONCE) {
            const int64_t now = blocks - block < BLOCKS_AT_ONCE ? blocks - block : BLOCKS_AT_ONCE;
            multiply(centres + block * kept * BLOCK_ROWS, kept / 4, queries, now, products);
            for (int i = 0; i < some; i++)
                keep_best(products + i * ROWS_AT_ONCE, halves + block * BLOCK_ROWS, now, block, units[i], &best[i]);
        }
        for (int i = 0; i < some; i++) nearest[row + i] = best_centre(&best[i]);
    }
}

// Adds each of `rows` [count][width] to the sum of its centre, `sums` [centres][width].
EXPORT(void, sum_rows)(const float *restrict rows, int64_t count, int64_t width, const int64_t *restrict nearest,
                       float *restrict sums) {
    for (int64_t row = 0; row < count; row++) {
        float *sum = sums + nearest[row] * width;
        for (int64_t i = 0; i < width; i++) sum[i] += rows[row * width + i];
    }
}

// What `multiply` gives by tiles, by VNNI, or as every processor does; says whether this processor can.
EXPORT(int64_t, multiply_codes)(int64_t by_tiles, int64_t by_vnni, const uint8_t *codes, int64_t quads, const int8_t *queries,
                                int64_t blocks, int32_t *products) {
    if ((by_tiles && !has_tiles()) || (by_vnni && !has_vnni())) return 0;
    if (by_tiles) multiply_by_tiles(codes, quads, queries, blocks, products);
    else if (by_vnni) multiply_by_vnni(codes, quads, queries, blocks, products);
    else multiply_by_scores(codes, quads, queries, blocks, products);
    return 1;
}
