# Completion of rescind(1) for bash.
_rescind() {
    local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    case $previous in
    --format)
        local formats="text json"
        [ "${COMP_WORDS[1]}" = tree ] && formats="text dot svg json"
        mapfile -t COMPREPLY < <(compgen -W "$formats" -- "$word")
        return
        ;;
    --schedule) mapfile -t COMPREPLY < <(compgen -W "fifo random pct" -- "$word"); return ;;
    --strategy)
        mapfile -t COMPREPLY < <(compgen -W "dpor plain random pct" -- "$word")
        return
        ;;
    --audit)
        local times="always sparse never"
        [ "${COMP_WORDS[1]}" = explore ] && times="always ends"
        mapfile -t COMPREPLY < <(compgen -W "$times" -- "$word")
        return
        ;;
    --log) mapfile -t COMPREPLY < <(compgen -W "none info debug" -- "$word"); return ;;
    --machine) mapfile -t COMPREPLY < <(compgen -W "q35 pc" -- "$word"); return ;;
    --via) mapfile -t COMPREPLY < <(compgen -W "kernel iso disk" -- "$word"); return ;;
    --firmware) mapfile -t COMPREPLY < <(compgen -W "seabios ovmf" -- "$word"); return ;;
    --fault)
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" devices --list 2>/dev/null |
            sed -n 's/^fault \([^ ]*\).*/\1/p')" -- "$word")
        return
        ;;
    --without)
        mapfile -t COMPREPLY < <(compgen -W "$("${COMP_WORDS[0]}" devices --list 2>/dev/null |
            sed -n 's/^register //p')" -- "$word")
        return
        ;;
    --shape)
        mapfile -t COMPREPLY < <(compgen -W "chain star binary random forest" -- "$word")
        return
        ;;
    --selectors) mapfile -t COMPREPLY < <(compgen -W "seq random attack" -- "$word"); return ;;
    --frame) mapfile -t COMPREPLY < <(compgen -W "plain log" -- "$word"); return ;;
    --revoke) mapfile -t COMPREPLY < <(compgen -W "iterative recursive" -- "$word"); return ;;
    esac
    if [ "$COMP_CWORD" -eq 1 ]; then
        local commands="run explore replay boot devices tree profile --help --version"
        mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
        return
    fi
    case ${COMP_WORDS[1]}:$word in
    run:-*)
        set -- --format --schedule --seed --depth --work --audit --watch --save-schedule --log \
            --trace --help
        ;;
    explore:-*)
        set -- --format --strategy --max-schedules --max-states --time --keep-going --work --audit \
            --seed --depth --shard --report --merge --save-schedule --log --trace --help
        ;;
    replay:-*) set -- --schedule-file --format --seed --work --log --trace --help ;;
    boot:-*)
        set -- --format --machine --smp --no-hpet --strict --image --via --firmware --write-iso \
            --seed --work --watch --icount --repeat --phase --timeout --log --help
        ;;
    devices:-*)
        set -- --boot --bring-up --machine --smp --no-hpet --fault --without --list --trace \
            --image --format --help
        ;;
    tree:-*) set -- --format --at --seed --help ;;
    profile:-*)
        set -- --shape --size --kernels --selectors --revoke --frame --stack --entries --boot \
            --beside --instructions --plot --flame --seed --format --help
        ;;
    *)
        mapfile -t COMPREPLY < <(compgen -f -- "$word")
        return
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$word")
}
complete -o filenames -F _rescind rescind
