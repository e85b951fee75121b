// Products of sixteen queries with blocks of codes (scoring.h), the same at every level. Tiles (AMX) make them five times as
// fast as vectors, where the processor has them and the system lets this process use them.
#ifndef SEARCH_PRODUCTS_H
#define SEARCH_PRODUCTS_H

#include "tiles.h"

enum { QUERIES = 16, BLOCKS_AT_ONCE = 16, ROWS_AT_ONCE = BLOCKS_AT_ONCE * BLOCK_ROWS };

static void multiply_by_vectors(const uint8_t *codes, int64_t quads, const int8_t *queries, int64_t blocks,
                                int32_t *products) {
    score_function *score = score_blocks();
    uint16_t masks[BLOCKS_AT_ONCE];
    for (int64_t i = 0; i < QUERIES; i++)
        score(codes, quads, queries + i * 4 * quads, blocks, INT32_MIN, products + i * ROWS_AT_ONCE, masks);
}

#if defined(HAS_TILES)

// A tile of sums, and one of queries and one of codes for sixteen quads at a time and for those that are left. (gcc makes
// text of their numbers.)
#define SUMS 0
#define SOME_QUERIES 1
#define SOME_CODES 2
#define LAST_QUERIES 3
#define LAST_CODES 4

__attribute__((target("amx-tile,amx-int8"))) static void multiply_by_tiles(const uint8_t *codes, int64_t quads,
                                                                            const int8_t *queries, int64_t blocks,
                                                                            int32_t *products) {
    const int64_t whole = quads / TILE_QUADS, left = quads % TILE_QUADS;
    const struct {
        uint8_t palette, start, none[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } tiles = {1, 0, {0}, {TILE_BYTES, TILE_BYTES, TILE_BYTES, (uint16_t)(4 * left), left ? TILE_BYTES : 0},
               {TILE_ROWS, TILE_ROWS, TILE_ROWS, left ? TILE_ROWS : 0, (uint8_t)left}};
    _tile_loadconfig(&tiles);
    for (int64_t block = 0; block < blocks; block++, codes += quads * QUAD_BYTES) {
        _tile_zero(SUMS);
        for (int64_t i = 0; i < whole; i++) {
            _tile_loadd(SOME_QUERIES, queries + i * TILE_BYTES, 4 * quads);
            _tile_loadd(SOME_CODES, codes + i * TILE_QUADS * QUAD_BYTES, QUAD_BYTES);
            _tile_dpbsud(SUMS, SOME_QUERIES, SOME_CODES);
        }
        if (left) {
            _tile_loadd(LAST_QUERIES, queries + whole * TILE_BYTES, 4 * quads);
            _tile_loadd(LAST_CODES, codes + whole * TILE_QUADS * QUAD_BYTES, QUAD_BYTES);
            _tile_dpbsud(SUMS, LAST_QUERIES, LAST_CODES);
        }
        _tile_stored(SUMS, products + block * BLOCK_ROWS, ROWS_AT_ONCE * sizeof(int32_t));
    }
    _tile_release();
}

#else

#define multiply_by_tiles multiply_by_vectors

#endif

// The products of `queries` [QUERIES][4 * quads] with the rows of up to BLOCKS_AT_ONCE blocks, to `products` [QUERIES]
// [ROWS_AT_ONCE]. A code is 128 too large: the product with 128 for each number of a query is among them.
INLINE void multiply(const uint8_t *codes, int64_t quads, const int8_t *queries, int64_t blocks, int32_t *products) {
    if (has_tiles()) multiply_by_tiles(codes, quads, queries, blocks, products);
    else multiply_by_vectors(codes, quads, queries, blocks, products);
}

#endif
