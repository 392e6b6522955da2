/* What goes in and out as bytes, and what is drawn: files, SHA-256 and splitmix64. Nothing here knows of neurons. */
#ifndef REFSIM_FILES_H
#define REFSIM_FILES_H

#include "refsim_case.h"

/* Read a file. */
char *read_whole(const char *path, size_t *size);

/* Write OUT/SITE.npy: version 1.0, little endian, C order, each value in the bytes of the tensor's type. */
void write_npy(const char *out_directory, const Tensor *tensor);

typedef struct {
    uint32_t state[8];
    uint64_t length; /* bytes so far */
    uint8_t block[64];
} Sha256;

void sha256_start(Sha256 *hash);
void sha256_add(Sha256 *hash, const uint8_t *bytes, size_t count);
void sha256_finish(Sha256 *hash, uint8_t digest[32]);

/* Add the bytes of a tensor as they stand in its .npy file, without the header. */
void sha256_add_tensor(Sha256 *hash, const Tensor *tensor);

/* Fill with integers from low to high; the stream's state moves on by one draw a value. */
void draw_integers(uint64_t *state, int64_t low, int64_t high, size_t count, int64_t *values);

#endif
