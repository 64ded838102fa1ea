/* Interrupt lines and ports: LISTEN, IRQACK, PORT_IN and PORT_OUT, what revocations take, and what
 * comes of an interrupt at any moment. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cap/table.h"
#include "object/irq.h"
#include "object/vpe.h"
#include "tests/calls.h"
#include "tests/system.h"

/* VPE0 has the line at IRQ and the ports at PORTS; with listen(), a gate at GATE to its own
 * endpoint IN, active at OUT. */
enum { IRQ = 4, PORTS = 5, GATE = 6, LINE = 10, FIRST = 0x3e8, COUNT = 8 };
enum { IN = 2, OUT = 3, LABEL = 77, COPY = 20 };

static struct rescind_kernel *new_kernel_of(uint32_t nodes, uint32_t work)
{
    struct rescind_kernel *k =
        calls_new(&(struct calls_config){.vpes = 4, .nodes = nodes, .work = work});

    assert_int_equal(rescind_kernel_boot_irq(k, 0, IRQ, LINE), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, PORTS, FIRST, COUNT), RESCIND_NO_ERROR);
    return k;
}

static struct rescind_kernel *new_kernel(void)
{
    return new_kernel_of(500, 2);
}

/* Two slots of 64 bytes. */
static void open_way(struct rescind_kernel *k, uint64_t credits)
{
    calls_ok(k, 0, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 0, say_gate(0, GATE, IN, LABEL, credits));
    calls_ok(k, 0, say_activate(OUT, RESCIND_NONE, GATE));
}

static struct rescind_kernel *listening(void)
{
    struct rescind_kernel *k = new_kernel();

    open_way(k, 1);
    calls_ok(k, 0, say_listen(IRQ, OUT));
    return k;
}

/* The next message is the `count`th interrupt's. */
static void expect(struct rescind_kernel *k, uint64_t count)
{
    struct answer a = calls_ask(k, 0, say_receive(IN, false));

    assert_int_equal(a.error, RESCIND_NO_ERROR);
    assert_int_equal(a.words[1], LABEL);
    assert_int_equal(a.words[2], false); /* no reply */
    assert_int_equal(a.words[3], 2 * sizeof(uint64_t));
    assert_int_equal(a.words[4], LINE);
    assert_int_equal(a.words[5], count);
    calls_ok(k, 0, say_ack(IN, a.words[0]));
}

static void expect_nothing(struct rescind_kernel *k)
{
    assert_int_equal(calls_error(k, 0, say_receive(IN, false)), RESCIND_END_OF_FILE);
}

static bool is_unmasked(void)
{
    return (calls_told().unmasked >> LINE & 1) != 0;
}

/* ---- Boot ---------------------------------------------------------------------------------- */

static void what_is_given_at_boot_must_be_there(void **state)
{
    struct rescind_kernel *k = new_kernel();

    (void)state;
    assert_int_equal(rescind_kernel_boot_irq(k, 0, IRQ, 11), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_irq(k, 0, 30, RESCIND_IRQ_LINES), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_irq(k, 9, 30, 1), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 30, 0, 0), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 30, 1, 65536), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 30, 65536, 1), RESCIND_INV_ARGS);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 30, 0, 65536), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_irq(k, 1, 30, 23), RESCIND_NO_ERROR);
    kit_audit(k);
    rescind_kernel_starve(k, 0);
    assert_int_equal(rescind_kernel_boot_irq(k, 1, 31, 22), RESCIND_OUT_OF_MEM);
    assert_int_equal(rescind_kernel_boot_ports(k, 1, 31, 22, 1), RESCIND_OUT_OF_MEM);
    calls_free(k);
}

/* ---- LISTEN, interrupts, IRQACK ------------------------------------------------------------ */

static void an_interrupt_is_a_message_and_the_acknowledgement_lets_the_next_one_in(void **state)
{
    struct rescind_kernel *k = listening();

    (void)state;
    assert_true(is_unmasked());
    for (uint64_t i = 1; i <= 5; i++) {
        calls_interrupt(k, LINE);
        assert_false(is_unmasked());
        expect(k, i);
        calls_ok(k, 0, say_irqack(IRQ));
        assert_true(is_unmasked());
    }
    expect_nothing(k);
    calls_free(k);
}

static void an_interrupt_wakes_who_waits_for_a_message(void **state)
{
    struct rescind_kernel *k = listening();
    struct answer a;

    (void)state;
    calls_send(k, 0, say_receive(IN, true));
    assert_false(calls_answer(k, 0, &a));
    calls_interrupt(k, LINE);
    calls_rest(k);
    assert_true(calls_answer(k, 0, &a));
    assert_int_equal(a.error, RESCIND_NO_ERROR);
    assert_int_equal(a.words[4], LINE);
    calls_free(k);
}

static void an_acknowledgement_need_not_wait_for_the_message_to_be_received(void **state)
{
    struct rescind_kernel *k = listening();

    (void)state;
    calls_interrupt(k, LINE);
    calls_ok(k, 0, say_irqack(IRQ));
    calls_interrupt(k, LINE);
    expect(k, 1);
    expect(k, 2);
    calls_free(k);
}

static void an_interrupt_that_nobody_waits_for_is_not_heard(void **state)
{
    struct rescind_kernel *k = listening();

    (void)state;
    calls_interrupt(k, LINE + 1);
    rescind_kernel_interrupt(k, RESCIND_IRQ_LINES);
    rescind_kernel_interrupt(k, UINT32_MAX);
    assert_int_equal(rescind_kernel_take_output(k).kind, RESCIND_OUTPUT_NOTHING);
    calls_interrupt(k, LINE);
    calls_interrupt(k, LINE); /* a machine that does not mask */
    expect(k, 1);
    expect_nothing(k);
    calls_free(k);
}

static void listen_is_refused(void **state)
{
    struct rescind_kernel *k = new_kernel();

    (void)state;
    calls_refused(k, 0, say_listen(IRQ, OUT), RESCIND_EP_INVALID);
    calls_ok(k, 0, say_attach(0, IN, 0, 7, 6));
    calls_refused(k, 0, say_listen(IRQ, IN), RESCIND_EP_INVALID);
    calls_ok(k, 0, say_activate(OUT, RESCIND_NONE, 1));
    calls_refused(k, 0, say_listen(IRQ, OUT), RESCIND_EP_INVALID);
    calls_ok(k, 0, say_gate(0, GATE, IN, LABEL, 1));
    calls_ok(k, 0, say_activate(OUT, 1, GATE));
    calls_refused(k, 0, say_listen(IRQ, 1), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_listen(IRQ, RESCIND_EP_COUNT), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_listen(99, OUT), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_listen(PORTS, OUT), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_listen(GATE, OUT), RESCIND_INV_ARGS);
    rescind_kernel_starve(k, 1);
    calls_refused(k, 0, say_listen(IRQ, OUT), RESCIND_OUT_OF_MEM);
    rescind_kernel_starve(k, UINT32_MAX);
    calls_ok(k, 0, say_listen(IRQ, OUT));
    calls_refused(k, 0, say_listen(IRQ, OUT), RESCIND_EXISTS);
    calls_free(k);
}

static void only_one_listens_to_a_line_whoever_holds_it(void **state)
{
    struct rescind_kernel *k = listening();

    (void)state;
    calls_ok(k, 0, kit_delegate(OTHER, IRQ, COPY, 1));
    calls_ok(k, 1, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 1, say_gate(0, GATE, IN, LABEL, 1));
    calls_ok(k, 1, say_activate(OUT, RESCIND_NONE, GATE));
    calls_refused(k, 1, say_listen(COPY, OUT), RESCIND_EXISTS);
    calls_refused(k, 1, say_irqack(COPY), RESCIND_INV_ARGS);
    calls_free(k);
}

static void irqack_is_refused(void **state)
{
    struct rescind_kernel *k = new_kernel();

    (void)state;
    calls_refused(k, 0, say_irqack(IRQ), RESCIND_INV_ARGS); /* nobody listens */
    open_way(k, 1);
    calls_ok(k, 0, say_listen(IRQ, OUT));
    calls_refused(k, 0, say_irqack(IRQ), RESCIND_INV_ARGS); /* no interrupt */
    calls_refused(k, 0, say_irqack(PORTS), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_irqack(99), RESCIND_INV_ARGS);
    calls_free(k);
}

static void an_interrupt_without_credits_stays_pending_until_there_are_some(void **state)
{
    struct rescind_kernel *k = listening();
    struct answer a;

    (void)state;
    calls_ok(k, 0, say_send(OUT, IN, 5)); /* the only credit */
    calls_interrupt(k, LINE);
    assert_int_equal(calls_error(k, 0, say_irqack(IRQ)), RESCIND_MISS_CREDITS);
    assert_false(is_unmasked());
    a = calls_ask(k, 0, say_receive(IN, false));
    calls_ok(k, 0, say_reply(IN, a.words[0], 6));
    calls_ok(k, 0, say_irqack(IRQ)); /* it is sent now */
    assert_false(is_unmasked());
    assert_int_equal(calls_ask(k, 0, say_receive(IN, false)).words[1], 5); /* the reply */
    expect(k, 1);
    calls_ok(k, 0, say_irqack(IRQ));
    assert_true(is_unmasked());
    calls_free(k);
}

static void an_interrupt_without_room_stays_pending_until_there_is_some(void **state)
{
    struct rescind_kernel *k = new_kernel();
    struct answer a;

    (void)state;
    open_way(k, 3);
    calls_ok(k, 0, say_listen(IRQ, OUT));
    calls_ok(k, 0, say_send(OUT, RESCIND_NONE, 5));
    calls_ok(k, 0, say_send(OUT, RESCIND_NONE, 6));
    calls_interrupt(k, LINE);
    assert_int_equal(calls_error(k, 0, say_irqack(IRQ)), RESCIND_NO_RING_SPACE);
    a = calls_ask(k, 0, say_receive(IN, false));
    calls_ok(k, 0, say_ack(IN, a.words[0]));
    calls_ok(k, 0, say_irqack(IRQ));
    a = calls_ask(k, 0, say_receive(IN, false));
    assert_int_equal(a.words[4], 6);
    expect(k, 1);
    calls_free(k);
}

static void an_interrupt_without_a_receiver_stays_pending(void **state)
{
    struct rescind_kernel *k = listening();

    (void)state;
    calls_ok(k, 0, say_detach(0, IN));
    calls_interrupt(k, LINE);
    assert_int_equal(calls_error(k, 0, say_irqack(IRQ)), RESCIND_RECV_GONE);
    calls_ok(k, 0, say_attach(0, IN, 0, 6, 5)); /* slots of 32 bytes: too small */
    assert_int_equal(calls_error(k, 0, say_irqack(IRQ)), RESCIND_INV_ARGS);
    calls_ok(k, 0, say_detach(0, IN));
    calls_ok(k, 0, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 0, say_irqack(IRQ));
    expect(k, 1);
    calls_free(k);
}

static void a_message_can_go_to_another_vpe(void **state)
{
    struct rescind_kernel *k = new_kernel();
    struct answer a;

    (void)state;
    calls_ok(k, 1, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 0, say_gate(OTHER, GATE, IN, LABEL, 1));
    calls_ok(k, 0, say_activate(OUT, RESCIND_NONE, GATE));
    calls_ok(k, 0, say_listen(IRQ, OUT));
    calls_interrupt(k, LINE);
    a = calls_ask(k, 1, say_receive(IN, false));
    assert_int_equal(a.words[4], LINE);
    assert_int_equal(calls_error(k, 1, say_reply(IN, a.words[0], 1)), RESCIND_INV_ARGS);
    calls_ok(k, 0, say_irqack(IRQ));
    calls_send(k, 1, kit_exit(0));
    calls_rest(k);
    calls_interrupt(k, LINE);
    assert_int_equal(calls_error(k, 0, say_irqack(IRQ)), RESCIND_RECV_GONE);
    calls_free(k);
}

/* ---- Revocation ---------------------------------------------------------------------------- */

static void revoking_the_line_ends_the_listener_and_takes_what_it_sent(void **state)
{
    struct rescind_kernel *k = listening();
    struct trace before;

    (void)state;
    before = calls_trace(k);
    calls_interrupt(k, LINE);
    calls_ok(k, 0, kit_revoke(IRQ, 1, false));
    assert_false(is_unmasked());
    expect_nothing(k);
    assert_int_equal(calls_trace(k).used, before.used - 2);
    calls_interrupt(k, LINE);
    expect_nothing(k);
    calls_refused(k, 0, say_irqack(IRQ), RESCIND_INV_ARGS);
    /* The credit is spent: it went with the message. */
    calls_ok(k, 0, say_activate(OUT, GATE, GATE));
    calls_ok(k, 0, say_listen(IRQ, OUT));
    calls_interrupt(k, LINE);
    expect(k, 1);
    calls_ok(k, 0, kit_revoke(IRQ, 1, true));
    calls_refused(k, 0, say_listen(IRQ, OUT), RESCIND_INV_ARGS);
    calls_free(k);
}

static void what_has_been_received_stays(void **state)
{
    struct rescind_kernel *k = listening();
    struct answer a;

    (void)state;
    calls_interrupt(k, LINE);
    a = calls_ask(k, 0, say_receive(IN, false));
    calls_ok(k, 0, kit_revoke(IRQ, 1, true));
    calls_ok(k, 0, say_ack(IN, a.words[0]));
    calls_free(k);
}

static void revoking_the_line_of_another_holder_takes_his_listener(void **state)
{
    struct rescind_kernel *k = new_kernel();

    (void)state;
    calls_ok(k, 0, kit_delegate(OTHER, IRQ, COPY, 1));
    calls_ok(k, 1, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 1, say_gate(0, GATE, IN, LABEL, 1));
    calls_ok(k, 1, say_activate(OUT, RESCIND_NONE, GATE));
    calls_ok(k, 1, say_listen(COPY, OUT));
    calls_interrupt(k, LINE);
    calls_ok(k, 0, kit_revoke(IRQ, 1, false));
    assert_int_equal(calls_error(k, 1, say_receive(IN, false)), RESCIND_END_OF_FILE);
    open_way(k, 1);
    calls_ok(k, 0, say_listen(IRQ, OUT));
    assert_true(is_unmasked());
    calls_free(k);
}

static void revoking_the_gate_takes_the_way(void **state)
{
    struct rescind_kernel *k = listening();

    (void)state;
    calls_interrupt(k, LINE);
    calls_ok(k, 0, kit_revoke(GATE, 1, true));
    expect_nothing(k);
    calls_ok(k, 0, say_irqack(IRQ)); /* of the one that was sent */
    assert_true(is_unmasked());
    calls_interrupt(k, LINE);
    expect_nothing(k);
    assert_int_equal(calls_error(k, 0, say_irqack(IRQ)), RESCIND_EP_INVALID);
    calls_ok(k, 0, say_gate(0, GATE, IN, LABEL, 1));
    calls_ok(k, 0, say_activate(OUT, RESCIND_NONE, GATE));
    calls_ok(k, 0, say_irqack(IRQ));
    expect(k, 2);
    calls_free(k);
}

static void the_end_of_a_vpe_ends_its_listener(void **state)
{
    struct rescind_kernel *k = new_kernel();

    (void)state;
    calls_ok(k, 0, kit_delegate(OTHER, IRQ, COPY, 1));
    calls_ok(k, 1, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 1, say_gate(0, GATE, IN, LABEL, 1));
    calls_ok(k, 1, say_activate(OUT, RESCIND_NONE, GATE));
    calls_ok(k, 1, say_listen(COPY, OUT));
    calls_interrupt(k, LINE);
    calls_send(k, 1, kit_exit(0));
    calls_rest(k);
    assert_false(is_unmasked());
    open_way(k, 1);
    calls_ok(k, 0, say_listen(IRQ, OUT));
    assert_true(is_unmasked());
    calls_free(k);
}

static void all_lines_can_go_in_one_event(void **state)
{
    struct rescind_kernel *k = new_kernel_of(500, 0);

    (void)state;
    open_way(k, 1);
    for (uint32_t line = 0; line < RESCIND_IRQ_LINES; line++) {
        if (line != LINE)
            assert_int_equal(rescind_kernel_boot_irq(k, 0, 40 + line, line), RESCIND_NO_ERROR);
        calls_ok(k, 0, say_listen(line != LINE ? 40 + line : IRQ, OUT));
    }
    assert_int_equal(calls_told().unmasked, (1u << RESCIND_IRQ_LINES) - 1);
    calls_ok(k, 0, kit_revoke(40, 40, true));
    assert_int_equal(calls_told().unmasked, 1u << LINE);
    calls_free(k);
}

/* A REVOKE of `sel`, beside an interrupt before its event number `when`: afterwards nothing comes
 * any more. False: it has no so many events. */
static bool revoke_with_an_interrupt(uint32_t sel, uint32_t when)
{
    struct rescind_kernel *k = new_kernel_of(500, 1);
    struct answer a;
    bool there = true;

    open_way(k, 1);
    calls_ok(k, 0, kit_delegate(OTHER, IRQ, COPY, 3)); /* so that there is more to do */
    calls_ok(k, 0, say_listen(IRQ, OUT));
    calls_send(k, 0, kit_revoke(sel, 1, true));
    for (uint32_t i = 0; there && i < when; i++) {
        there = rescind_kernel_ready(k) >= 0;
        if (there)
            calls_work(k);
    }
    if (there && is_unmasked())
        calls_interrupt(k, LINE);
    calls_rest(k);
    assert_true(calls_answer(k, 0, &a));
    assert_int_equal(a.error, RESCIND_NO_ERROR);
    expect_nothing(k);
    if (is_unmasked())
        calls_interrupt(k, LINE);
    expect_nothing(k);
    calls_free(k);
    return there;
}

static void an_interrupt_at_any_moment_of_a_revocation_does_not_outlive_it(void **state)
{
    uint32_t events = 0;

    (void)state;
    while (revoke_with_an_interrupt(IRQ, events))
        events++;
    assert_true(events >= 3);
    events = 0;
    while (revoke_with_an_interrupt(GATE, events))
        events++;
    assert_true(events >= 3);
}

/* While the line is being revoked its message can't be received: that waits, and finds nothing. */
static void a_receive_waits_for_a_revocation_of_the_line(void **state)
{
    struct rescind_kernel *k = new_kernel_of(500, 1);
    struct answer a;

    (void)state;
    calls_ok(k, 1, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 0, say_gate(OTHER, GATE, IN, LABEL, 1));
    calls_ok(k, 0, say_activate(OUT, RESCIND_NONE, GATE));
    calls_ok(k, 0, say_listen(IRQ, OUT));
    calls_interrupt(k, LINE);
    calls_send(k, 0, kit_revoke(IRQ, 1, true));
    while (!(cap_at(k, k->listeners[LINE])->flags & CAP_MARKED))
        calls_work(k);
    calls_send(k, 1, say_receive(IN, false));
    assert_false(calls_answer(k, 1, &a));
    calls_rest(k);
    assert_true(calls_answer(k, 1, &a));
    assert_int_equal(a.error, RESCIND_END_OF_FILE);
    calls_free(k);
}

static void await_visit(struct rescind_kernel *k, uint32_t vpe, uint32_t sel)
{
    while (!(cap_at(k, kit_at(k, vpe, sel))->flags & CAP_VISITED))
        calls_work(k);
}

static void listen_and_irqack_wait_for_a_revocation(void **state)
{
    struct rescind_kernel *k = new_kernel_of(500, 1);
    struct answer a;

    (void)state;
    calls_ok(k, 0, kit_delegate(OTHER, IRQ, COPY, 1));
    calls_ok(k, 1, say_attach(0, IN, 0, 7, 6));
    calls_ok(k, 1, say_gate(0, GATE, IN, LABEL, 1));
    calls_ok(k, 1, say_activate(OUT, RESCIND_NONE, GATE));
    calls_ok(k, 1, say_listen(COPY, OUT));
    calls_send(k, 0, kit_revoke(IRQ, 1, true));
    await_visit(k, 1, COPY);
    calls_send(k, 1, say_irqack(COPY));
    assert_false(calls_answer(k, 1, &a));
    calls_rest(k);
    assert_true(calls_answer(k, 1, &a));
    assert_int_equal(a.error, RESCIND_INV_ARGS);
    calls_free(k);
}

/* ---- Ports --------------------------------------------------------------------------------- */

static void an_access_goes_to_the_machine_and_its_value_to_the_caller(void **state)
{
    struct rescind_kernel *k = new_kernel();
    struct answer a;

    (void)state;
    calls_to_read(0x12345678);
    a = calls_ask(k, 0, say_port_in(PORTS, 5, 8));
    assert_int_equal(a.error, RESCIND_NO_ERROR);
    assert_int_equal(a.size, sizeof(uint64_t));
    assert_int_equal(a.words[0], 0x78);
    assert_true(calls_told().access.port == FIRST + 5 && calls_told().access.bits == 8 &&
                !calls_told().access.out);
    assert_int_equal(calls_ask(k, 0, say_port_in(PORTS, 6, 16)).words[0], 0x5678);
    assert_int_equal(calls_ask(k, 0, say_port_in(PORTS, 4, 32)).words[0], 0x12345678);
    a = calls_ask(k, 0, say_port_out(PORTS, 0, 8, 0xabcdef));
    assert_true(a.error == RESCIND_NO_ERROR && a.size == 0);
    assert_true(calls_told().access.out && calls_told().access.value == 0xef);
    calls_ok(k, 0, say_port_out(PORTS, 4, 32, 0x89abcdef));
    assert_true(calls_told().access.port == FIRST + 4 && calls_told().access.bits == 32 &&
                calls_told().access.value == 0x89abcdef);
    assert_int_equal(calls_told().accesses, 5);
    calls_free(k);
}

static void an_access_that_is_refused_does_not_reach_the_machine(void **state)
{
    static const uint32_t widths[] = {0, 1, 4, 7, 24, 64, UINT32_MAX};
    struct rescind_kernel *k = new_kernel();

    (void)state;
    for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
        calls_refused(k, 0, say_port_in(PORTS, 0, widths[i]), RESCIND_INV_ARGS);
        calls_refused(k, 0, say_port_out(PORTS, 0, widths[i], 0), RESCIND_INV_ARGS);
    }
    calls_refused(k, 0, say_port_in(PORTS, 8, 8), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_port_in(PORTS, 7, 16), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_port_out(PORTS, 5, 32, 1), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_port_in(PORTS, UINT32_MAX, 16), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_port_in(IRQ, 0, 8), RESCIND_INV_ARGS);
    calls_refused(k, 0, say_port_in(99, 0, 8), RESCIND_INV_ARGS);
    calls_refused(k, 1, say_port_in(PORTS, 0, 8), RESCIND_INV_ARGS);
    assert_int_equal(calls_told().accesses, 0);
    rescind_kernel_port(k, 0, 7); /* nobody has asked */
    rescind_kernel_port(k, 1000, 7);
    assert_int_equal(rescind_kernel_take_output(k).kind, RESCIND_OUTPUT_NOTHING);
    calls_free(k);
}

static void one_port_is_a_range_and_so_are_all(void **state)
{
    struct rescind_kernel *k = new_kernel();

    (void)state;
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 30, 65535, 1), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_ports(k, 0, 31, 0, 65536), RESCIND_NO_ERROR);
    calls_ok(k, 0, say_port_in(30, 0, 8));
    assert_int_equal(calls_told().access.port, 65535);
    calls_refused(k, 0, say_port_in(30, 0, 16), RESCIND_INV_ARGS);
    calls_ok(k, 0, say_port_in(31, 65532, 32));
    assert_int_equal(calls_told().access.port, 65532);
    calls_refused(k, 0, say_port_in(31, 65533, 32), RESCIND_INV_ARGS);
    calls_free(k);
}

static void a_copy_of_ports_works_until_it_is_revoked(void **state)
{
    struct rescind_kernel *k = new_kernel();
    uint32_t accesses;

    (void)state;
    calls_ok(k, 0, kit_delegate(OTHER, PORTS, COPY, 1));
    calls_ok(k, 1, say_port_in(COPY, 0, 8));
    accesses = calls_told().accesses;
    calls_ok(k, 0, kit_revoke(PORTS, 1, false));
    calls_refused(k, 1, say_port_in(COPY, 0, 8), RESCIND_INV_ARGS);
    assert_int_equal(calls_told().accesses, accesses);
    calls_ok(k, 0, say_port_in(PORTS, 0, 8));
    calls_free(k);
}

/* An access beside a revocation comes before it, or is refused when it is done. */
static void an_access_waits_for_a_revocation(void **state)
{
    struct rescind_kernel *k = new_kernel_of(500, 1);
    struct answer a;

    (void)state;
    calls_ok(k, 0, kit_delegate(OTHER, PORTS, COPY, 1));
    calls_send(k, 0, kit_revoke(PORTS, 1, true));
    await_visit(k, 1, COPY);
    calls_send(k, 1, say_port_out(COPY, 0, 8, 1));
    assert_false(calls_answer(k, 1, &a));
    calls_rest(k);
    assert_true(calls_answer(k, 1, &a));
    assert_int_equal(a.error, RESCIND_INV_ARGS);
    assert_int_equal(calls_told().accesses, 0);
    calls_free(k);
}

static void who_is_to_end_gets_its_access_done_first(void **state)
{
    struct rescind_kernel *k = new_kernel();

    (void)state;
    kit_send(k, 0, say_port_in(PORTS, 0, 8));
    assert_int_equal(rescind_kernel_take_output(k).kind, RESCIND_OUTPUT_PORT);
    rescind_kernel_port(k, 0, 7);
    assert_int_equal(rescind_kernel_take_output(k).kind, RESCIND_OUTPUT_REPLY);
    rescind_kernel_end(k, 0, 1);
    calls_rest(k);
    assert_int_equal(rescind_kernel_vpe_state(k, 0), RESCIND_VPE_ENDED);
    calls_free(k);
}

/* ---- Other kernels ------------------------------------------------------------------------- */

static enum rescind_error system_ask(struct system *s, uint32_t kernel, struct message message)
{
    enum rescind_error error = RESCIND_NO_ERROR;
    struct rescind_finding finding;

    kit_send(s->k[kernel], 0, message);
    system_serve(s, kernel);
    assert_true(system_rest(s));
    assert_true(kit_reply(s->k[kernel], 0, &error));
    if (!system_audit_rest(s, &finding))
        fail_msg("%s: %s", finding.name, finding.sentence);
    return error;
}

static void another_kernels_line_and_ports_can_be_held_but_not_used(void **state)
{
    struct system *s = system_new_with_memory(2, 1, 200, 0, 4 * RESCIND_PAGE);
    uint32_t other = system_sel(s, 1, 0);

    (void)state;
    assert_int_equal(rescind_kernel_boot_irq(s->k[0], 0, IRQ, LINE), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_boot_ports(s->k[0], 0, PORTS, FIRST, COUNT), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, kit_delegate(other, IRQ, COPY, 2)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 1, say_attach(0, IN, 0, 7, 6)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 1, say_gate(0, GATE, IN, LABEL, 1)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 1, say_activate(OUT, RESCIND_NONE, GATE)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 1, say_listen(COPY, OUT)), RESCIND_NOT_SUP);
    assert_int_equal(system_ask(s, 1, say_irqack(COPY)), RESCIND_NOT_SUP);
    assert_int_equal(system_ask(s, 1, say_port_in(COPY + 1, 0, 8)), RESCIND_NOT_SUP);
    assert_int_equal(system_ask(s, 1, say_port_out(COPY + 1, 0, 8, 0)), RESCIND_NOT_SUP);
    /* Home again, it can be. */
    assert_int_equal(system_ask(s, 1, kit_delegate(system_sel(s, 0, 0), COPY, 50, 1)),
                     RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_attach(0, IN, 0, 7, 6)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_gate(0, GATE, IN, LABEL, 1)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_activate(OUT, RESCIND_NONE, GATE)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_listen(50, OUT)), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_unmasked(s->k[0]), 1u << LINE);
    assert_int_equal(system_ask(s, 0, say_port_out(PORTS, 0, 8, 1)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, kit_revoke(IRQ, 2, true)), RESCIND_NO_ERROR);
    assert_int_equal(rescind_kernel_unmasked(s->k[0]), 0);
    assert_false(kit_holds(s->k[1], 0, COPY) || kit_holds(s->k[1], 0, COPY + 1));
    system_free(s);
}

static void interrupts_go_to_vpes_of_the_same_kernel_only(void **state)
{
    struct system *s = system_new_with_memory(2, 1, 200, 0, 4 * RESCIND_PAGE);

    (void)state;
    assert_int_equal(rescind_kernel_boot_irq(s->k[0], 0, IRQ, LINE), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 1, say_attach(0, IN, 0, 7, 6)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_attach(0, IN, 0, 7, 6)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_gate(system_sel(s, 1, 0), GATE, IN, LABEL, 1)),
                     RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_gate(0, GATE + 1, IN, LABEL, 1)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_activate(OUT, RESCIND_NONE, GATE)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_listen(IRQ, OUT)), RESCIND_NOT_SUP);
    assert_int_equal(system_ask(s, 0, say_activate(OUT, GATE, GATE + 1)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_listen(IRQ, OUT)), RESCIND_NO_ERROR);
    assert_int_equal(system_ask(s, 0, say_activate(OUT, GATE + 1, GATE)), RESCIND_NO_ERROR);
    rescind_kernel_interrupt(s->k[0], LINE);
    assert_int_equal(system_ask(s, 0, say_irqack(IRQ)), RESCIND_NOT_SUP);
    system_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_given_at_boot_must_be_there),
        cmocka_unit_test(an_interrupt_is_a_message_and_the_acknowledgement_lets_the_next_one_in),
        cmocka_unit_test(an_interrupt_wakes_who_waits_for_a_message),
        cmocka_unit_test(an_acknowledgement_need_not_wait_for_the_message_to_be_received),
        cmocka_unit_test(an_interrupt_that_nobody_waits_for_is_not_heard),
        cmocka_unit_test(listen_is_refused),
        cmocka_unit_test(only_one_listens_to_a_line_whoever_holds_it),
        cmocka_unit_test(irqack_is_refused),
        cmocka_unit_test(an_interrupt_without_credits_stays_pending_until_there_are_some),
        cmocka_unit_test(an_interrupt_without_room_stays_pending_until_there_is_some),
        cmocka_unit_test(an_interrupt_without_a_receiver_stays_pending),
        cmocka_unit_test(a_message_can_go_to_another_vpe),
        cmocka_unit_test(revoking_the_line_ends_the_listener_and_takes_what_it_sent),
        cmocka_unit_test(what_has_been_received_stays),
        cmocka_unit_test(revoking_the_line_of_another_holder_takes_his_listener),
        cmocka_unit_test(revoking_the_gate_takes_the_way),
        cmocka_unit_test(the_end_of_a_vpe_ends_its_listener),
        cmocka_unit_test(all_lines_can_go_in_one_event),
        cmocka_unit_test(an_interrupt_at_any_moment_of_a_revocation_does_not_outlive_it),
        cmocka_unit_test(a_receive_waits_for_a_revocation_of_the_line),
        cmocka_unit_test(listen_and_irqack_wait_for_a_revocation),
        cmocka_unit_test(an_access_goes_to_the_machine_and_its_value_to_the_caller),
        cmocka_unit_test(an_access_that_is_refused_does_not_reach_the_machine),
        cmocka_unit_test(one_port_is_a_range_and_so_are_all),
        cmocka_unit_test(a_copy_of_ports_works_until_it_is_revoked),
        cmocka_unit_test(an_access_waits_for_a_revocation),
        cmocka_unit_test(who_is_to_end_gets_its_access_done_first),
        cmocka_unit_test(another_kernels_line_and_ports_can_be_held_but_not_used),
        cmocka_unit_test(interrupts_go_to_vpes_of_the_same_kernel_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
