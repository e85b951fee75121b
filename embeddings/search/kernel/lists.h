// An index of lists as Python hands it over, and what a search needs beside it.
//
// All numbers of an index come from a file and were checked in Python before (embeddings/search/list_file.py), but for
// the rows in `ids`: each is compared with the number of rows where it is used.
#ifndef SEARCH_LISTS_H
#define SEARCH_LISTS_H

#include "scoring.h"

typedef struct {
    int64_t rows, dimension;   // of the matrix
    int64_t kept;              // dimensions of the codes, a multiple of 4
    int64_t lists;
    int64_t fours, twos;       // dimensions that have four and two bits in short codes; all others have one
    int64_t nibbles;           // of a short code, a multiple of 4; 0 where codes have 8 bits a dimension
    const float *rotation;     // [kept][dimension], orthonormal rows
    const float *steps;        // [kept]: what a unit of a code is worth; of short codes how large numbers are
    const float *centre_steps; // [kept]: the same for codes of centres
    const float *spreads;      // [lists]: how far the rows of a list are from its centre
    const uint8_t *centres;    // codes of the centres, in blocks
    const uint8_t *codes;      // codes of the rows, list after list, in blocks
    const uint32_t *starts;    // [lists + 1]: the first block of each list
    const uint32_t *ids;       // [blocks * 16]: which row each is; NO_ROW where a block is filled up
    const float *vectors;      // [rows][dimension], unit rows; NULL if they are read from a file
    int64_t descriptor;        // of that file
    int64_t offset;            // where the rows begin in it
} List_index;

// What is asked, the same for all targets of a call.
typedef struct {
    int64_t k;                 // 1 to LARGEST_K
    int64_t limit;             // only rows below it
    const uint8_t *allowed;    // [rows], 0 for rows that must not be found; NULL allows all
    const uint32_t *excluded;  // rows that must not be found, a few
    int64_t excluded_count;
    float reach;               // a list is read if its centre's score and `reach` spreads come up to the k-th best score
    float margin;              // rows are ranked exactly from this much below the k-th best score by codes
} Question;

enum { LARGEST_K = 2048, MOST_HITS = 16384, SEEDS = 8, CANNOT_READ = -1 };
#define NO_ROW UINT32_MAX

#endif
