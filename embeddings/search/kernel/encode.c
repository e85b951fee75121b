// Rows → coarse and fine codes, while an index is built.
#include "coarse_codes.h"
#include "fine_codes.h"

static uint8_t code_of_four(float value) {
    int code = 0;
    for (int i = 0; i < 15; i++) code += value > 0.5f * (LEVELS_OF_FOUR[i] + LEVELS_OF_FOUR[i + 1]);
    return (uint8_t)code;
}

static uint8_t code_of_two(float value) {
    const float between = 0.5f * (LEVELS_OF_TWO[2] + LEVELS_OF_TWO[3]);
    return (uint8_t)((value > -between) + (value > 0) + (value > between));
}

// The coarse code of `left` [turned] in nibbles; takes what it stands for off `left`.
static void encode_coarse(const List_index *index, float *left, uint8_t *nibbles) {
    const float *sizes = index->sizes;
    for (int64_t nibble = 0; nibble < nibbles_of(index); nibble++) {
        int64_t start;
        const int bits = bits_of_nibble(index, nibble, &start);
        uint8_t whole = 0;
        for (int64_t i = start; i < start + 4 / bits; i++) {
            const float value = left[i] / sizes[i];
            const uint8_t code = bits == 4 ? code_of_four(value) : bits == 2 ? code_of_two(value) : value > 0;
            const float level = bits == 4   ? LEVELS_OF_FOUR[code]
                                : bits == 2 ? LEVELS_OF_TWO[code]
                                            : code ? LEVEL_OF_ONE : -LEVEL_OF_ONE;
            whole = (uint8_t)(whole | code << (i - start) * bits);
            left[i] -= level * sizes[i];
        }
        nibbles[nibble] = whole;
    }
}

static void encode_fine(const List_index *index, float *left, uint8_t *fine) {
    const int64_t bits = index->fine_bits, bytes = fine_bytes(index);
    const int half = 1 << (bits - 1);
    for (int64_t i = 0; i < index->turned; i++) {
        int64_t shift;
        const float value = floorf(left[i] / index->steps[i]);
        const int code = value < -half ? 0 : value < half ? (int)value + half : 2 * half - 1;
        uint8_t *byte = fine + fine_byte(bits, bytes, i, &shift);
        *byte = (uint8_t)(*byte | code << shift);
        left[i] -= ((float)(code - half) + 0.5f) * index->steps[i];
    }
}

// The codes of turned rows [count][turned] that belong to `lists` [count] with `centres` [lists][turned]: `coarse` [count]
// [1 + nibbles / 2], the share first, `fine` [count][fine_bytes], zeros before; and the product of each row with its centre.
EXPORT(void, encode_rows)(const List_index *index, const float *rows, int64_t count, const int64_t *lists,
                          const float *centres, uint8_t *coarse, uint8_t *fine, float *products) {
    float left[MOST_TURNED];
    uint8_t nibbles[MOST_NIBBLES];
    const int64_t bytes = nibbles_of(index) / 2, turned = index->turned, of_fine = fine_bytes(index);
    for (int64_t row = 0; row < count; row++, rows += turned, coarse += 1 + bytes, fine += of_fine) {
        const float *centre = centres + lists[row] * turned;
        float whole = 0, product = 0, lost = 0, still = 0;
        for (int64_t i = 0; i < turned; i++) {
            left[i] = rows[i] - centre[i];
            whole += rows[i] * rows[i];
            product += rows[i] * centre[i];
        }
        products[row] = product;
        encode_coarse(index, left, nibbles);
        for (int64_t i = 0; i < bytes; i++) coarse[1 + i] = (uint8_t)(nibbles[2 * i] | nibbles[2 * i + 1] << 4);
        for (int64_t i = 0; i < turned; i++) lost += rows[i] * left[i];
        encode_fine(index, left, fine);
        for (int64_t i = 0; i < turned; i++) still += rows[i] * left[i];
        const float share = (whole - lost) / SHARE_UNIT, fine_share = (whole - still) / FINE_SHARE_UNIT;
        coarse[0] = share > 1 ? share < 255 ? (uint8_t)lrintf(share) : 255 : 1;
        const uint16_t whole_share = fine_share > 1 ? fine_share < 65535 ? (uint16_t)lrintf(fine_share) : 65535 : 1;
        memcpy(fine + of_fine - SHARE_BYTES, &whole_share, SHARE_BYTES);
    }
}
