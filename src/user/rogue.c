/* Programs that misbehave. See rogue.h. */
#include "user/rogue.h"

#include "dtu/ring.h"
#include "user/pc_area.h"

/* Long enough for many turns of a millisecond. */
enum { SPIN_ROUNDS = 100000000, SPIN_SHORT = 20000000, FLOOD_ROUNDS = 16 };

static const uintptr_t kernel_address = 0xffffffff80110000;
static const uintptr_t no_address = 0x0000900000000000;

static void spin_for(uint64_t rounds)
{
    for (uint64_t i = 0; i < rounds; i++) {
        __asm__ volatile("");
    }
}

static int spin(struct rescind_env *env)
{
    rescind_print(env, "spins\n", 6);
    spin_for(SPIN_ROUNDS);
    return rescind_print(env, "spun\n", 5) == RESCIND_NO_ERROR ? 0 : 1;
}

static int spin_forever(struct rescind_env *env)
{
    (void)env;
    spin_for(UINT64_MAX); /* a century or two */
    return 0;
}

static int write_at(uintptr_t address)
{
    *(volatile uint64_t *)address = 0;
    return 0;
}

static int write_null(struct rescind_env *env)
{
    (void)env;
    return write_at(0);
}

static int read_kernel(struct rescind_env *env)
{
    (void)env;
    return *(volatile int *)kernel_address & 0;
}

static int write_kernel(struct rescind_env *env)
{
    (void)env;
    return write_at(kernel_address);
}

static int write_text(struct rescind_env *env)
{
    (void)env;
    return write_at(PC_IMAGE);
}

static int write_module(struct rescind_env *env)
{
    (void)env;
    return write_at(PC_MODULE);
}

static int run_data(struct rescind_env *env)
{
    volatile uint8_t code[] = {0xc3};

    (void)env;
    ((void (*)(void))(uintptr_t)code)();
    return 0;
}

static int invalid(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("ud2");
    return 0;
}

static int clear_interrupts(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("cli");
    return 0;
}

static int write_port(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("outb %%al, $0xf4" : : "a"(0));
    return 0;
}

static int interrupt(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("int $0x20");
    return 0;
}

static int divide(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("divl %0" : : "r"(0), "a"(1), "d"(0));
    return 0;
}

static int use_sse(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("xorps %xmm0, %xmm0");
    return 0;
}

static int use_x87(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("fldz");
    return 0;
}

static int set_trap_flag(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("pushfq; orq $0x100, (%%rsp); popfq; nop" : : : "cc", "memory");
    return 0;
}

static int jump(struct rescind_env *env)
{
    (void)env;
    ((void (*)(void))no_address)();
    return 0;
}

static int overflow_stack(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("1: pushq %rax; jmp 1b");
    return 0;
}

static int lose_stack(struct rescind_env *env)
{
    (void)env;
    __asm__ volatile("movq %0, %%rsp; xorl %%edi, %%edi; syscall; pushq %%rax"
                     :
                     : "r"(kernel_address)
                     : "rcx", "r11", "rax", "rdi", "rsi", "rdx", "r8", "r9", "r10");
    return 0;
}

static void scribble(struct rescind_env *env)
{
    *(volatile uint32_t *)&env->syscalls->head = 0xffffffff;
    *(volatile uint32_t *)&env->syscalls->tail = 0x7fffffff;
    *(volatile uint32_t *)&env->syscalls->slot_size = 0;
    *(volatile uint32_t *)&env->replies->head = 0xfffffff0;
}

static int scribble_ring(struct rescind_env *env)
{
    scribble(env);
    env->wait(env, false);
    return 0;
}

static int scribble_silently(struct rescind_env *env)
{
    scribble(env);
    spin_for(SPIN_SHORT);
    return 0;
}

static int flood(struct rescind_env *env)
{
    const struct rescind_header header = {.reply_ep = RESCIND_EP_REPLY, .length = 8};
    const uint64_t noop = RESCIND_SYS_NOOP;

    for (int i = 0; i < FLOOD_ROUNDS; i++) {
        while (ring_send(env->syscalls, &header, &noop) == RESCIND_NO_ERROR) {
        }
        env->wait(env, false);
    }
    return 0;
}

rescind_program *const rogue_programs[ROGUE_COUNT] = {
    [ROGUE_SPIN] = spin,
    [ROGUE_SPIN_FOREVER] = spin_forever,
    [ROGUE_NULL] = write_null,
    [ROGUE_READ_KERNEL] = read_kernel,
    [ROGUE_WRITE_KERNEL] = write_kernel,
    [ROGUE_WRITE_TEXT] = write_text,
    [ROGUE_WRITE_MODULE] = write_module,
    [ROGUE_RUN_DATA] = run_data,
    [ROGUE_INVALID] = invalid,
    [ROGUE_CLI] = clear_interrupts,
    [ROGUE_PORT] = write_port,
    [ROGUE_INTERRUPT] = interrupt,
    [ROGUE_DIVIDE] = divide,
    [ROGUE_SSE] = use_sse,
    [ROGUE_X87] = use_x87,
    [ROGUE_TRAP_FLAG] = set_trap_flag,
    [ROGUE_JUMP] = jump,
    [ROGUE_STACK] = overflow_stack,
    [ROGUE_NO_STACK] = lose_stack,
    [ROGUE_RING] = scribble_ring,
    [ROGUE_RING_SILENT] = scribble_silently,
    [ROGUE_FLOOD] = flood,
};
