/*
 * peer.h - a Unix socket as a byte stream: whoever connects, one at a time, or the server that we connect to.
 *
 * A thread accepts and reads, so that the machine's never waits; bytes are handed to a struct chr on the machine's
 * thread (peer_poll), output is bounded and dropped for a peer that does not read (host/outbox.h). A peer that has
 * closed its side is served to the end: what it sent is delivered, and the answers go out before the next is let in.
 */
#pragma once
#include "host/chr.h"

struct peer;

struct peer_config {
    const char *path;
    bool        server, wait;          /* wait: peer_open() returns when somebody has connected */
    struct chr *chr;                   /* gets what arrives; its write and host are filled in */
    void      (*met)(void *opaque);    /* on the machine's thread: somebody is there, before their first byte */
    void       *met_opaque;
    void      (*listens)(const char *path); /* a server that waits does so now */
    void      (*wake)(void *opaque);   /* peer_poll() has something to do (the thread of the peer) */
    void       *opaque;
};

/* A server takes the place of a socket that nobody listens on any more. Errors name the path and the fault. */
struct peer *peer_open(const struct peer_config *c, struct err *e) MUST_CHECK;
void peer_close(struct peer *p); /* NULL is fine; a server's socket is removed */
/* On the machine's thread: delivers input, goes on with output. */
void peer_poll(struct peer *p);
