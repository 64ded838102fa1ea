/* All calls as bytes, and a kernel to make them in; see calls.h. */
#include "tests/calls.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/pages.h"
#include "cap/table.h"
#include "dtu/ring.h"
#include "object/vpe.h"

static struct told told;

struct told calls_told(void)
{
    return told;
}

struct rescind_kernel *calls_new(const struct calls_config *config)
{
    struct rescind_kernel_config kernel = {.vpes = config->vpes,
                                           .nodes = config->nodes,
                                           .work = config->work,
                                           .memory = 16 * RESCIND_PAGE,
                                           .seed = 4};
    size_t size = rescind_kernel_size(&kernel);
    void *arena = aligned_alloc(4096, (size + 4095) / 4096 * 4096);
    struct rescind_kernel *k;

    assert_non_null(arena);
    k = rescind_kernel_create(arena, size, &kernel);
    assert_non_null(k);
    for (uint32_t vpe = 0; vpe < 2; vpe++) {
        if (rescind_kernel_boot_vpe(k, RESCIND_ANY_ADDR, RESCIND_VPE_MEMORY) != RESCIND_NO_ERROR)
            fail_msg("VPE%u can't be had", vpe);
    }
    for (uint32_t vpe = 0; vpe < 2; vpe++) {
        assert_int_equal(rescind_kernel_boot_grant(k, vpe, OTHER, 1 - vpe), RESCIND_NO_ERROR);
        if (config->quota[vpe] != 0)
            assert_int_equal(rescind_kernel_boot_quota(k, vpe, config->quota[vpe]),
                             RESCIND_NO_ERROR);
    }
    told = (struct told){0};
    kit_audit(k);
    return k;
}

void calls_free(struct rescind_kernel *k)
{
    free(k);
}

/* ---- Messages ----------------------------------------------------------------------------- */

static struct message say(uint32_t opcode, size_t count, const uint64_t *words)
{
    struct message m;

    message_begin(&m, opcode);
    for (size_t i = 0; i < count; i++)
        message_u64(&m, words[i]);
    return m;
}
#define SAY(opcode, ...)                                                                           \
    say(opcode, sizeof((uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t), (uint64_t[]){__VA_ARGS__})

struct message say_createvpe_with(uint32_t vpe_dst, uint32_t mem_dst, const char *name, uint32_t pe,
                                  uint32_t pfgate, uint32_t pfep)
{
    struct message m = SAY(RESCIND_SYS_CREATEVPE, vpe_dst, mem_dst);

    message_string(&m, name, strlen(name));
    message_u64(&m, pe);
    message_u64(&m, pfgate);
    message_u64(&m, pfep);
    return m;
}

struct message say_createvpe(uint32_t vpe_dst, uint32_t mem_dst)
{
    return say_createvpe_with(vpe_dst, mem_dst, "child", RESCIND_ANY_PE, RESCIND_NONE, 0);
}

struct message say_vpectrl(uint32_t vpe, uint32_t op)
{
    return SAY(RESCIND_SYS_VPECTRL, vpe, op, 0);
}

struct message say_start(uint32_t vpe)
{
    return say_vpectrl(vpe, RESCIND_VPE_START);
}

struct message say_wait(uint32_t vpe)
{
    return say_vpectrl(vpe, RESCIND_VPE_WAIT);
}

struct message say_fund(uint32_t vpe, uint64_t nodes, bool back)
{
    return SAY(RESCIND_SYS_FUND, vpe, nodes, back);
}

struct message say_gate(uint32_t vpe, uint32_t dst, uint32_t ep, uint64_t label, uint64_t credits)
{
    return SAY(RESCIND_SYS_CREATEGATE, vpe, dst, label, ep, credits);
}

struct message say_activate(uint32_t ep, uint32_t old, uint32_t new)
{
    return SAY(RESCIND_SYS_ACTIVATE, ep, old, new);
}

struct message say_attach(uint32_t vpe, uint32_t ep, uint64_t addr, uint32_t order,
                          uint32_t slot_order)
{
    return SAY(RESCIND_SYS_ATTACHRB, vpe, ep, addr, order, slot_order, 0);
}

struct message say_detach(uint32_t vpe, uint32_t ep)
{
    return SAY(RESCIND_SYS_DETACHRB, vpe, ep);
}

struct message say_reqmem(uint32_t dst, uint64_t size)
{
    return SAY(RESCIND_SYS_REQMEM, dst, RESCIND_ANY_ADDR, size, RESCIND_PERM_R | RESCIND_PERM_W);
}

struct message say_createmap(uint32_t vpe, uint32_t mem, uint32_t first, uint32_t pages,
                             uint32_t dst)
{
    return SAY(RESCIND_SYS_CREATEMAP, vpe, mem, first, pages, dst, RESCIND_PERM_R);
}

struct message say_listen(uint32_t irq, uint32_t ep)
{
    return SAY(RESCIND_SYS_LISTEN, irq, ep);
}

struct message say_irqack(uint32_t irq)
{
    return SAY(RESCIND_SYS_IRQACK, irq);
}

struct message say_port_in(uint32_t ports, uint32_t offset, uint32_t width)
{
    return SAY(RESCIND_SYS_PORT_IN, ports, offset, width);
}

struct message say_port_out(uint32_t ports, uint32_t offset, uint32_t width, uint64_t value)
{
    return SAY(RESCIND_SYS_PORT_OUT, ports, offset, width, value);
}

static const uint8_t sevens[RESCIND_PAYLOAD_MAX] = {7};

struct message say_send_bytes(uint32_t ep, uint32_t reply_ep, size_t size)
{
    struct message m = SAY(RESCIND_SYS_SEND, ep, reply_ep, 0);

    assert_true(message_string(&m, sevens, size));
    return m;
}

struct message say_send(uint32_t ep, uint32_t reply_ep, uint64_t number)
{
    struct message m = SAY(RESCIND_SYS_SEND, ep, reply_ep, number);

    message_string(&m, &number, sizeof(number));
    return m;
}

struct message say_receive(uint32_t ep, bool wait)
{
    return SAY(RESCIND_SYS_RECEIVE, ep, wait);
}

struct message say_reply(uint32_t ep, uint64_t id, uint64_t number)
{
    struct message m = SAY(RESCIND_SYS_REPLY, ep, id);

    message_string(&m, &number, sizeof(number));
    return m;
}

struct message say_reply_bytes(uint32_t ep, uint64_t id, size_t size)
{
    struct message m = SAY(RESCIND_SYS_REPLY, ep, id);

    assert_true(message_string(&m, sevens, size));
    return m;
}

struct message say_ack(uint32_t ep, uint64_t id)
{
    return SAY(RESCIND_SYS_ACK, ep, id);
}

/* ---- Events ------------------------------------------------------------------------------- */

static void after_event(struct rescind_kernel *k)
{
    struct rescind_kernel_output out;

    while ((out = rescind_kernel_take_output(k)).kind != RESCIND_OUTPUT_NOTHING) {
        if (out.kind == RESCIND_OUTPUT_UNMASK)
            told.unmasked |= out.code;
        if (out.kind == RESCIND_OUTPUT_MASK)
            told.unmasked &= ~out.code;
        if (out.kind == RESCIND_OUTPUT_PORT) {
            told.access = rescind_kernel_port_access(k, out.vpe);
            told.accesses++;
            rescind_kernel_port(k, out.vpe, told.to_read);
        }
        if (out.kind == RESCIND_OUTPUT_CREATED)
            told.created = out.vpe;
        if (out.kind == RESCIND_OUTPUT_STARTED)
            told.started = out.vpe;
        if (out.kind == RESCIND_OUTPUT_ENDED) {
            told.ended = out.vpe;
            told.code = out.code;
            told.ends++;
        }
    }
    kit_audit(k);
    assert_int_equal(told.unmasked, rescind_kernel_unmasked(k));
}

void calls_interrupt(struct rescind_kernel *k, uint32_t line)
{
    told.unmasked &= ~(1u << line);
    rescind_kernel_interrupt(k, line);
    after_event(k);
}

void calls_to_read(uint32_t value)
{
    told.to_read = value;
}

void calls_send(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    kit_send(k, vpe, message);
    after_event(k);
}

void calls_work(struct rescind_kernel *k)
{
    kit_work_first(k);
    after_event(k);
}

void calls_rest(struct rescind_kernel *k)
{
    for (uint32_t events = 0; rescind_kernel_ready(k) >= 0; events++) {
        assert_true(events < 100000);
        calls_work(k);
    }
}

bool calls_answer(struct rescind_kernel *k, uint32_t vpe, struct answer *answer)
{
    struct ring_message reply;

    *answer = (struct answer){0};
    if (ring_fetch(rescind_kernel_reply_ring(k, vpe), &reply) != RING_MESSAGE)
        return false;
    assert_true(reply.header.length >= sizeof(answer->error));
    answer->size = reply.header.length - sizeof(answer->error);
    memcpy(&answer->error, reply.payload, sizeof(answer->error));
    memcpy(answer->words, reply.payload + sizeof(answer->error),
           answer->size < sizeof(answer->words) ? answer->size : sizeof(answer->words));
    return true;
}

struct answer calls_ask(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    struct answer answer;

    calls_send(k, vpe, message);
    calls_rest(k);
    assert_true(calls_answer(k, vpe, &answer));
    return answer;
}

enum rescind_error calls_error(struct rescind_kernel *k, uint32_t vpe, struct message message)
{
    return (enum rescind_error)calls_ask(k, vpe, message).error;
}

uint32_t calls_child(struct rescind_kernel *k, uint32_t maker)
{
    calls_ok(k, maker, say_createvpe(CHILD, CHILD_MEM));
    calls_ok(k, maker, say_start(CHILD));
    assert_int_equal(told.created, told.started);
    return told.created;
}

/* ---- Looking ------------------------------------------------------------------------------ */

struct trace calls_trace(const struct rescind_kernel *k)
{
    struct trace trace = {.used = pool_used(k)};

    for (uint32_t at = k->vpe_free; at != 0; at = vpe_at(k, at - 1)->next)
        trace.vpes--;
    trace.vpes += k->vpe_count;
    for (uint32_t page = 0; page < k->pages; page++)
        trace.pages += page_is_taken(k, page);
    for (uint32_t i = 0; i < 16 && i <= k->vpe_limit; i++)
        trace.left[i] = *account_at(k, i) & ~ACCOUNT_CLOSED;
    for (uint32_t vpe = 0; vpe < 16 && vpe < k->vpe_count; vpe++) {
        trace.held[vpe] = table_at(k, table_of(vpe, TABLE_OBJECT))->count;
        trace.endpoints[vpe] = table_at(k, table_of(vpe, TABLE_ENDPOINTS))->count;
    }
    return trace;
}

void calls_same(const struct rescind_kernel *k, const struct trace *before)
{
    struct trace now = calls_trace(k);

    assert_int_equal(now.used, before->used);
    assert_int_equal(now.vpes, before->vpes);
    assert_int_equal(now.pages, before->pages);
    for (uint32_t i = 0; i < 16; i++) {
        assert_int_equal(now.left[i], before->left[i]);
        assert_int_equal(now.held[i], before->held[i]);
        assert_int_equal(now.endpoints[i], before->endpoints[i]);
    }
}

void calls_refused(struct rescind_kernel *k, uint32_t vpe, struct message message,
                   enum rescind_error error)
{
    struct trace before = calls_trace(k);

    assert_int_equal(calls_error(k, vpe, message), error);
    calls_same(k, &before);
}
