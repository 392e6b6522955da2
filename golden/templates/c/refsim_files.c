#include "refsim_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* The same bits read as a signed integer, whatever the machine. */
static int64_t as_signed(uint64_t bits)
{
    return bits <= INT64_MAX ? (int64_t)bits : -(int64_t)(~bits) - 1;
}

static void little_endian(int64_t value, int bytes, uint8_t *out)
{
    uint64_t bits = (uint64_t)value;
    for (int byte = 0; byte < bytes; byte++, bits >>= 8)
        out[byte] = (uint8_t)(bits & 0xff);
}

/* ---- text ---- */

static size_t file_size(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        stop(FAILED, "%s: cannot be opened: %s", path, strerror(errno));
    long size = fseek(file, 0, SEEK_END) == 0 ? ftell(file) : -1;
    fclose(file);
    if (size < 0 || size > INT32_MAX)
        stop(UNSUPPORTED, "%s: no file that this program can hold", path);
    return (size_t)size;
}

char *read_whole(const char *path, size_t *size)
{
    *size = file_size(path);
    char *text = allocate(*size, 1);
    FILE *file = fopen(path, "rb");
    size_t got = file == NULL ? 0 : fread(text, 1, *size, file);
    if (file != NULL)
        fclose(file);
    if (got != *size)
        stop(FAILED, "%s: cannot be read", path);
    return text;
}

/* ---- .npy ---- */

enum { HEADER_SIZE = 512, PREAMBLE = 10, ALIGNMENT = 64 };

static size_t npy_header(const Tensor *tensor, char header[HEADER_SIZE])
{
    char *text = header + PREAMBLE;
    int length = sprintf(text, "{'descr': '%s', 'fortran_order': False, 'shape': (", tensor->type->name);
    for (int axis = 0; axis < tensor->shape.axes; axis++)
        length += sprintf(text + length, "%s%zu", axis ? ", " : "", tensor->shape.sizes[axis]);
    length += sprintf(text + length, "%s), }", tensor->shape.axes == 1 ? "," : "");
    while ((PREAMBLE + length + 1) % ALIGNMENT != 0)
        text[length++] = ' ';
    text[length++] = '\n';
    memcpy(header, "\x93NUMPY\x01\x00", 8);
    little_endian(length, 2, (uint8_t *)header + 8);
    return (size_t)(PREAMBLE + length);
}

void write_npy(const char *out_directory, const Tensor *tensor)
{
    char path[PATH_SIZE], header[HEADER_SIZE];
    if (snprintf(path, sizeof path, "%s/%s.npy", out_directory, tensor->name) >= (int)sizeof path)
        stop(FAILED, "%s: the path is too long", out_directory);
    size_t size = npy_header(tensor, header);
    FILE *file = fopen(path, "wb");
    if (file == NULL)
        stop(FAILED, "%s: cannot be written: %s", path, strerror(errno));
    bool written = fwrite(header, 1, size, file) == size;
    for (size_t i = 0; i < tensor->count && written; i++) {
        uint8_t bytes[8];
        size_t width = (size_t)tensor->type->bytes;
        little_endian(tensor->values[i], tensor->type->bytes, bytes);
        written = fwrite(bytes, 1, width, file) == width;
    }
    if (fclose(file) != 0 || !written)
        stop(FAILED, "%s: cannot be written", path);
}

/* ---- SHA-256 (FIPS 180-4) ---- */

static const uint32_t ROUND[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
};

void sha256_start(Sha256 *hash)
{
    static const uint32_t initial[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    memcpy(hash->state, initial, sizeof initial);
    hash->length = 0;
}

static uint32_t rotate(uint32_t word, int by)
{
    return word >> by | word << (32 - by);
}

static void sha256_block(Sha256 *hash)
{
    uint32_t w[64], s[8];
    memcpy(s, hash->state, sizeof s);
    for (int i = 0; i < 16; i++)
        w[i] = (uint32_t)hash->block[4 * i] << 24 | (uint32_t)hash->block[4 * i + 1] << 16 |
               (uint32_t)hash->block[4 * i + 2] << 8 | hash->block[4 * i + 3];
    for (int i = 16; i < 64; i++)
        w[i] = w[i - 16] + (rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3) + w[i - 7] +
               (rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10);
    for (int i = 0; i < 64; i++) {
        uint32_t first = s[7] + (rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25)) +
                         ((s[4] & s[5]) ^ (~s[4] & s[6])) + ROUND[i] + w[i];
        uint32_t second = (rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22)) +
                          ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof *s);
        s[4] += first;
        s[0] = first + second;
    }
    for (int i = 0; i < 8; i++)
        hash->state[i] += s[i];
}

void sha256_add(Sha256 *hash, const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        hash->block[hash->length++ % 64] = bytes[i];
        if (hash->length % 64 == 0)
            sha256_block(hash);
    }
}

void sha256_finish(Sha256 *hash, uint8_t digest[32])
{
    uint64_t bits = hash->length * 8;
    uint8_t end[8];
    sha256_add(hash, (const uint8_t[]){0x80}, 1);
    while (hash->length % 64 != 56)
        sha256_add(hash, (const uint8_t[]){0}, 1);
    for (int i = 0; i < 8; i++)
        end[i] = (uint8_t)(bits >> (56 - 8 * i));
    sha256_add(hash, end, 8);
    for (int i = 0; i < 32; i++)
        digest[i] = (uint8_t)(hash->state[i / 4] >> (24 - 8 * (i % 4)));
}

void sha256_add_tensor(Sha256 *hash, const Tensor *tensor)
{
    for (size_t i = 0; i < tensor->count; i++) {
        uint8_t bytes[8];
        little_endian(tensor->values[i], tensor->type->bytes, bytes);
        sha256_add(hash, bytes, (size_t)tensor->type->bytes);
    }
}

/* ---- splitmix64 (Steele, Lea and Flood, 2014) ---- */

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9E3779B97F4A7C15);
    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

void draw_integers(uint64_t *state, int64_t low, int64_t high, size_t count, int64_t *values)
{
    uint64_t span = (uint64_t)high - (uint64_t)low + 1; /* 0 stands for all of 2^64 */
    for (size_t i = 0; i < count; i++) {
        uint64_t z = splitmix64(state);
        values[i] = as_signed((uint64_t)low + (span == 0 ? z : z % span));
    }
}
