/* The smallest maker in C: publishes delta ten times a second, and quotes only while its gate is
 * open. Usage: example_c [source] [family], e.g. example_c maker-1 mm-1/BTC-USD */
#include <math.h>
#include <stdio.h>
#include <time.h>

#include "client/scram.h" /* installed: <scram.h> */

/* Before the first quote there is nothing to kill, so this is an end on purpose. */
static int give_up(scram_client* scramd) {
    fprintf(stderr, "%s\n", scram_error(scramd));
    scram_detach(scramd);
    return 1;
}

static void pause_ms(long ms) {
    const struct timespec time = {.tv_sec = 0, .tv_nsec = ms * 1000000};
    nanosleep(&time, NULL);
}

int main(int argc, char** argv) {
    const char* source = argc > 1 ? argv[1] : "maker-1";
    const char* family_name = argc > 2 ? argv[2] : "mm-1/BTC-USD";
    scram_client* scramd;
    uint16_t family, delta;
    if (scram_attach(&scramd, NULL, source)) return give_up(NULL);
    if (scram_family(scramd, family_name, &family)) return give_up(scramd);
    if (scram_metric(scramd, "delta", &delta)) return give_up(scramd);

    for (int i = 0; i < 100 && scram_attached(scramd); ++i) {
        scram_publish(scramd, family, delta, 5 * sin(i / 10.0));
        if (scram_heartbeat(scramd)) fprintf(stderr, "%s\n", scram_error(scramd));
        puts(scram_halted(scramd, family) ? "halted: no quote" : "quote");
        pause_ms(100);
    }
    return scram_detach(scramd) == SCRAM_DONE ? 0 : 1;
}
