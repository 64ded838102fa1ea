/* Histories in words; see history.h. */
#include "tests/history.h"

#include <inttypes.h>

uint32_t history_whose(const struct history_entry *entry)
{
    return entry->vpe == HISTORY_MACHINE ? entry->call.ep : entry->vpe;
}

const char *history_word(enum rescind_error error)
{
    switch (error) {
#define WORD(name, number, word)                                                                   \
    case RESCIND_##name:                                                                           \
        return word;
        RESCIND_ERRORS(WORD)
#undef WORD
    }
    return "no error of the ABI";
}

static const char *type_word(uint32_t type)
{
    switch (type) {
#define WORD(name, number, word)                                                                   \
    case RESCIND_CAP_##name:                                                                       \
        return word;
        RESCIND_CAP_TYPES(WORD)
#undef WORD
    }
    return "no type of the ABI";
}

static void print_range(FILE *out, const struct rescind_range *range)
{
    if (range->type == RESCIND_TABLE_MAP)
        fputs(" map:", out);
    else if (range->type == RESCIND_TABLE_OBJECT)
        fputc(' ', out);
    else
        fprintf(out, " (table %" PRIu32 ")", range->type);
    fprintf(out, "%" PRIu32, range->start);
    if (range->count != 1)
        fprintf(out, ":%" PRIu32, range->count);
}

static void print_device_call(FILE *out, const struct model_call *c)
{
    switch (c->op) {
    case RESCIND_SYS_LISTEN:
        fprintf(out, "listen %" PRIu32 " %" PRIu32, c->src, c->ep);
        break;
    case RESCIND_SYS_IRQACK:
        fprintf(out, "irqack %" PRIu32, c->src);
        break;
    case RESCIND_SYS_PORT_IN:
    case RESCIND_SYS_PORT_OUT:
        fprintf(out, "%s %" PRIu32 " off=%" PRIu64 " width=%" PRIu64,
                c->op == RESCIND_SYS_PORT_IN ? "portin" : "portout", c->src, c->addr, c->size);
        break;
    case MODEL_INTERRUPT:
        fprintf(out, "(interrupt of line %" PRIu32 "%s)", c->ep, c->flag ? ", or later" : "");
        break;
    default:
        fprintf(out, "(opcode %" PRIu32 ")", c->op);
    }
}

static void print_service_call(FILE *out, const struct model_call *c)
{
    switch (c->op) {
    case RESCIND_SYS_PAGEFAULT:
        fprintf(out, "pagefault 0x%" PRIx64 " perms=%" PRIu32, c->addr, c->perms);
        break;
    case RESCIND_SYS_CREATESRV:
        fprintf(out, "createsrv %" PRIu32 " %" PRIu32 " %.24s", c->src, c->dst,
                (const char *)c->name);
        break;
    case RESCIND_SYS_CREATESESS:
        fprintf(out, "createsess %" PRIu32 " %" PRIu32 " %.24s", c->vpe, c->dst,
                (const char *)c->name);
        break;
    case RESCIND_SYS_CREATESESSAT:
        fprintf(out, "createsessat %" PRIu32 " %" PRIu32, c->src, c->dst);
        break;
    case RESCIND_SYS_DELEGATE:
    case RESCIND_SYS_OBTAIN:
        fprintf(out, "%s %" PRIu32 " %" PRIu32, c->op == RESCIND_SYS_OBTAIN ? "obtain" : "delegate",
                c->vpe, c->src);
        print_range(out, &c->own);
        break;
    default:
        print_device_call(out, c);
    }
}

static void print_memory_call(FILE *out, const struct model_call *c)
{
    switch (c->op) {
    case RESCIND_SYS_REQMEM:
        fprintf(out, "reqmem %" PRIu32 " addr=%" PRIx64 " size=%" PRIu64 " perms=%" PRIu32, c->dst,
                c->addr, c->size, c->perms);
        break;
    case RESCIND_SYS_DERIVEMEM:
        fprintf(out,
                "derivemem %" PRIu32 " %" PRIu32 " off=%" PRIu64 " size=%" PRIu64 " perms=%" PRIu32,
                c->src, c->dst, c->addr, c->size, c->perms);
        break;
    case RESCIND_SYS_CREATEMAP:
        fprintf(out,
                "createmap %" PRIu32 " %" PRIu32 " first=%" PRIu64 " pages=%" PRIu64 " %" PRIu32
                " perms=%" PRIu32,
                c->vpe, c->src, c->addr, c->size, c->dst, c->perms);
        break;
    case RESCIND_SYS_READ:
    case RESCIND_SYS_WRITE:
        fprintf(out, "%s %" PRIu32 " off=%" PRIu64 " size=%" PRIu64,
                c->op == RESCIND_SYS_READ ? "read" : "write", c->ep, c->addr, c->size);
        break;
    default:
        print_service_call(out, c);
    }
}

static void print_dtu_call(FILE *out, const struct model_call *c)
{
    switch (c->op) {
    case RESCIND_SYS_ATTACHRB:
        fprintf(out,
                "attachrb %" PRIu32 " %" PRIu32 " addr=%" PRIu64 " order=%" PRIu32
                " msgorder=%" PRIu32,
                c->vpe, c->ep, c->addr, c->order, c->slot_order);
        break;
    case RESCIND_SYS_DETACHRB:
        fprintf(out, "detachrb %" PRIu32 " %" PRIu32, c->vpe, c->ep);
        break;
    case RESCIND_SYS_ACTIVATE:
        fprintf(out, "activate %" PRIu32 " %" PRIu32 " old=%" PRIu32, c->ep, c->dst, c->src);
        break;
    case RESCIND_SYS_SEND:
        fprintf(out, "send %" PRIu32 " size=%" PRIu64 " reply=%" PRIu32, c->ep, c->size,
                c->reply_ep);
        break;
    case RESCIND_SYS_RECEIVE:
        fprintf(out, "receive %" PRIu32 "%s", c->ep, c->flag ? "" : " nowait");
        break;
    case RESCIND_SYS_REPLY:
        fprintf(out, "reply %" PRIu32 " id=%" PRIu64 " size=%" PRIu64, c->ep, c->id, c->size);
        fprintf(out, " %" PRIx64 " %" PRIx64 " %" PRIx64, c->data[0], c->data[1], c->data[2]);
        break;
    case RESCIND_SYS_ACK:
        fprintf(out, "ack %" PRIu32 " id=%" PRIu64, c->ep, c->id);
        break;
    default:
        print_memory_call(out, c);
    }
}

void history_print_call(FILE *out, const struct model_call *call)
{
    if (call->beyond) {
        fprintf(out, "raw (opcode %" PRIu32 ")", call->op);
        return;
    }
    if (call->error != RESCIND_NO_ERROR) {
        fprintf(out, "raw (opcode %" PRIu32 ", to be answered %s)", call->op,
                history_word(call->error));
        return;
    }
    switch (call->op) {
    case RESCIND_SYS_CREATEGATE:
        fprintf(out, "creategate %" PRIu32 " %" PRIu32 " ep=%" PRIu32 " credits=%" PRIu64,
                call->vpe, call->dst, call->ep, call->credits);
        break;
    case RESCIND_SYS_EXCHANGE:
        fprintf(out, "exchange %s %" PRIu32, call->flag ? "obtain" : "delegate", call->vpe);
        print_range(out, &call->own);
        print_range(out, &call->other);
        break;
    case RESCIND_SYS_REVOKE:
        fputs("revoke", out);
        print_range(out, &call->own);
        fprintf(out, " own=%d", call->flag);
        break;
    case RESCIND_SYS_EXIT:
        fputs(call->flag ? "(ends by force)" : "exit", out);
        break;
    case RESCIND_SYS_PRINT:
        fputs("print", out);
        break;
    case RESCIND_SYS_CREATEVPE:
        fprintf(out, "createvpe %" PRIu32 " %" PRIu32, call->dst, call->dst2);
        if (call->child != MODEL_NOBODY)
            fprintf(out, " (VPE%" PRIu32 ")", call->child);
        break;
    case RESCIND_SYS_VPECTRL:
        fprintf(out, "vpectrl %" PRIu32 " %s", call->vpe,
                call->action == RESCIND_VPE_START ? "start" : "wait");
        break;
    case RESCIND_SYS_FUND:
        fprintf(out, "fund %" PRIu32 " %" PRIu64 "%s", call->vpe, call->size,
                call->flag ? " back" : "");
        break;
    case MODEL_LOST:
        fputs("(ends, for its selector 0 is gone)", out);
        break;
    case RESCIND_SYS_NOOP:
        fputs("noop", out);
        break;
    default:
        print_dtu_call(out, call);
    }
}

void history_print(FILE *out, const struct history *history)
{
    for (uint32_t i = 0; i < history->count; i++) {
        const struct history_entry *entry = &history->entries[i];
        fprintf(out, "%5" PRIu64, entry->sent);
        if (entry->done == HISTORY_NEVER)
            fputs(" ..  never", out);
        else
            fprintf(out, " .. %6" PRIu64, entry->done);
        if (entry->vpe == HISTORY_MACHINE)
            fputs("        ", out);
        else
            fprintf(out, "  VPE%" PRIu32 "  ", entry->vpe);
        history_print_call(out, &entry->call);
        if (entry->answered)
            fprintf(out, "  => %s", history_word(entry->result));
        fputc('\n', out);
    }
}

void history_print_row(FILE *out, const struct model_row *row)
{
    fprintf(out, "VPE%" PRIu32 ":%s%" PRIu32 " %s", row->vpe,
            row->kind == RESCIND_TABLE_MAP ? "map:" : "", row->sel, type_word(row->type));
    if (row->has_parent)
        fprintf(out, " child-of VPE%" PRIu32 ":%s%" PRIu32, row->parent_vpe,
                row->parent_kind == RESCIND_TABLE_MAP ? "map:" : "", row->parent_sel);
    fputc('\n', out);
}
