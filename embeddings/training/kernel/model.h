// The model in training, as Python hands it over (kernel.py has the same fields in the same order).
#ifndef TRAINING_MODEL_H
#define TRAINING_MODEL_H

#include <stdint.h>

typedef struct {
    uint32_t limit; // a random number up to it leads to the word itself,
    int32_t other;  // one above it to this one
} Alias;

typedef struct {
    float *inputs;               // [words + buckets, stride]: vectors of words, then those of n-grams
    float *outputs;              // [words, stride]
    const uint32_t *keep;        // [words] an occurrence stays if a random number is not above it
    const Alias *alias;          // [words] table that negative samples are drawn by
    const int64_t *ngram_start;  // [words + 1] where a word's n-grams begin in `ngrams`; or NULL
    const int32_t *ngrams;       // rows of `inputs`
    const float *share;          // [words + buckets] how much of each step a row takes; or NULL for all of it
    int64_t words, stride, dimension;
    int32_t window, negative, shrink_windows, cbow, cbow_mean;
} Model;

typedef struct {
    int64_t words, pairs; // words read; inputs that met an output
    double loss;          // of `sampled` pairs: the negative logarithm of the likelihood, negative samples included
    int64_t sampled;
} Progress;

#endif
