// Random numbers, and words drawn by the alias method (Walker 1977).
#ifndef TRAINING_RANDOM_H
#define TRAINING_RANDOM_H

#include "model.h"
#include "vector.h"

// splitmix64 (Steele, Lea and Flood 2014).
INLINE uint64_t next_random(uint64_t *state) {
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

// A whole number below `limit`, by Lemire's multiplication.
INLINE uint32_t random_below(uint64_t *state, uint32_t limit) {
    return (uint32_t)(((next_random(state) >> 32) * (uint64_t)limit) >> 32);
}

// The entry of the alias table that a random number leads to.
INLINE const Alias *alias_of(const Model *model, uint64_t random) {
    return model->alias + (((random >> 32) * (uint64_t)model->words) >> 32);
}

INLINE int32_t word_of(const Model *model, uint64_t random) {
    const Alias *alias = alias_of(model, random);
    const int32_t own = (int32_t)(alias - model->alias);
    const int32_t mask = -(int32_t)((uint32_t)random <= alias->limit); // no branch: nobody can foresee it
    return (own & mask) | (alias->other & ~mask);
}

#endif
