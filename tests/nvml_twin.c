/* A stand-in for libnvidia-ml.so.1: its cards are the lines of the file that NVML_TWIN names.
   A line: total used utilisation temperature milliwatts pid memory-of-pid name; -1: not told. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OK = 0, INVALID = 2, NOT_SUPPORTED = 3, TOO_SMALL = 7, NOT_LOADED = 9 };
#define CARDS 8

typedef struct {
    unsigned long long total, used, of_pid;
    long utilisation, temperature, milliwatts;
    unsigned pid;
    char name[96];
} Card;

static Card cards[CARDS];
static unsigned count;

int nvmlInitWithFlags(unsigned flags) {
    const char *path = getenv("NVML_TWIN");
    FILE *file = path ? fopen(path, "r") : NULL;
    Card *c = cards;
    (void)flags;
    if (!file) return NOT_LOADED;
    for (count = 0; count < CARDS; count++, c++)
        if (fscanf(file, "%llu %llu %ld %ld %ld %u %llu %95[^\n]", &c->total, &c->used,
                   &c->utilisation, &c->temperature, &c->milliwatts, &c->pid, &c->of_pid,
                   c->name) != 8)
            break;
    fclose(file);
    return OK;
}

int nvmlShutdown(void) { return OK; }
const char *nvmlErrorString(int result) { (void)result; return "the twin says no"; }
int nvmlSystemGetDriverVersion(char *text, unsigned size) {
    snprintf(text, size, "570.133.20");
    return OK;
}
int nvmlSystemGetCudaDriverVersion_v2(int *version) { *version = 12080; return OK; }
int nvmlDeviceGetCount_v2(unsigned *number) { *number = count; return OK; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Card **card) {
    if (index >= count) return INVALID;
    *card = &cards[index];
    return OK;
}
int nvmlDeviceGetName(Card *card, char *text, unsigned size) {
    snprintf(text, size, "%s", card->name);
    return OK;
}

typedef struct { unsigned long long total, free, used; } Memory;
int nvmlDeviceGetMemoryInfo(Card *card, Memory *memory) {
    memory->total = card->total;
    memory->used = card->used;
    memory->free = card->total - card->used;
    return OK;
}

typedef struct { unsigned pid; unsigned long long used; unsigned gpu, compute; } Process;
int nvmlDeviceGetComputeRunningProcesses_v3(Card *card, unsigned *number, Process *processes) {
    unsigned room = *number;
    *number = card->pid != 0;
    if (*number > room) return TOO_SMALL;
    if (*number) *processes = (Process){card->pid, card->of_pid, 0, 0};
    return OK;
}

static int told(long value, unsigned *number) {
    if (value < 0) return NOT_SUPPORTED;
    *number = (unsigned)value;
    return OK;
}
typedef struct { unsigned gpu, memory; } Rates;
int nvmlDeviceGetUtilizationRates(Card *card, Rates *rates) {
    memset(rates, 0, sizeof *rates);
    return told(card->utilisation, &rates->gpu);
}
int nvmlDeviceGetTemperature(Card *card, int sensor, unsigned *degrees) {
    (void)sensor;
    return told(card->temperature, degrees);
}
int nvmlDeviceGetPowerUsage(Card *card, unsigned *milliwatts) {
    return told(card->milliwatts, milliwatts);
}
