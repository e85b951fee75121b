// Rows → rows turned into the directions of an index, while it is built.
#include "vector.h"

#include <string.h>

// So many rows and vectors of directions at a time: their sums stay in registers.
enum { ROWS = 6, VECTORS = REGISTERS == 32 ? 4 : 2, WIDE = VECTORS * LANES };

INLINE void turn_some(const float *const rows[ROWS], int64_t dimension, const float *columns, int64_t stride,
                      float to[ROWS][WIDE]) {
    vf sums[ROWS][VECTORS] = {{{0}}};
    for (int64_t i = 0; i < dimension; i++, columns += stride)
        for (int row = 0; row < ROWS; row++)
            for (int v = 0; v < VECTORS; v++) sums[row][v] += rows[row][i] * load(columns + v * LANES);
    memcpy(to, sums, sizeof sums);
}

// Turns `rows` [count][dimension] to `turned` [count][directions]. Directions are `columns` [dimension][stride], whose rows
// begin at multiples of 64 bytes, filled up to a multiple of 64.
EXPORT(void, turn_rows)(const float *rows, int64_t count, int64_t dimension, const float *columns, int64_t stride,
                        float *turned, int64_t directions) {
    float found[ROWS][WIDE];
    for (int64_t first = 0; first < count; first += ROWS) {
        const int64_t some = count - first < ROWS ? count - first : ROWS;
        const float *some_rows[ROWS]; // the last again in the place of those that are missing
        for (int64_t i = 0; i < ROWS; i++) some_rows[i] = rows + (first + (i < some ? i : some - 1)) * dimension;
        for (int64_t at = 0; at < directions; at += WIDE) {
            const int64_t width = directions - at < WIDE ? directions - at : WIDE;
            turn_some(some_rows, dimension, columns + at, stride, found);
            for (int64_t i = 0; i < some; i++)
                memcpy(turned + (first + i) * directions + at, found[i], (size_t)width * sizeof(float));
        }
    }
}
