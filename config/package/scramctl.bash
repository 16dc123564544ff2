# bash completion for scramctl, scramd, scram-now, scram-probe, scramd-exporter and scram-notify

# Families, accounts and "all", as the config names them, where it may be read.
_scram_targets() {
    local config=/etc/scramd/scramd.toml
    [ -r "$config" ] && sed -n '/^\[\[\(account\|family\)\]\]/,/^\[\[\(source\|rule\)\]\]/s/^name *= *"\(.*\)".*/\1/p' "$config"
    echo all
}

_scram_complete() {
    local word=$1
    shift
    mapfile -t COMPREPLY < <(compgen -W "$*" -- "$word")
}

_scramctl() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} options="--help --json"
    case $before in
        --socket | --board | --config | -c | --probe) compopt -o default; return ;;
        --directory | --svg) compopt -o dirnames; return ;;
        --reason | --wait | --trip | --what-if) return ;;
    esac
    if [ "$COMP_CWORD" = 1 ]; then
        _scram_complete "$word" status top ready watch latency reload trip rearm dead-man receipt receipts journal replay check \
            drill drills publish --help --version
        return
    fi
    case ${COMP_WORDS[1]} in
        status) options+=" --socket --details --board" ;;
        top) options="--help --socket --board --once" ;;
        trip) options+=" --socket --reason --wait" ;;
        dead-man) options+=" --socket --reason off on" ;;
        drill) options+=" --socket --reason --wait --yes --keep-latched --directory" ;;
        drills) options="--help --json" ;;
        rearm) options+=" --socket --reason --trip --force" ;;
        receipt) options+=" --socket --directory --signals" ;;
        receipts) options+=" --socket --directory" ;;
        journal) options="--help --json --directory --verify" ;;
        replay) options="--help --json --config --what-if --svg" ;;
        check) options="--help --json --config --probe" ;;
        publish) options="--help --json --signals" ;;
        *) options+=" --socket" ;;
    esac
    case ${COMP_WORDS[1]}:$word in
        replay:[!-]* | replay:) compopt -o default ;;
        drills:[!-]* | drills:) compopt -o dirnames ;;
        *:-*) _scram_complete "$word" "$options" ;;
        trip: | trip:[!-]* | drill: | drill:[!-]* | rearm: | rearm:[!-]*) _scram_complete "$word" "$(_scram_targets)" ;;
    esac
}

_scram_program() {
    local word=${COMP_WORDS[COMP_CWORD]}
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --config | -c | --credentials | --ca-file | --page) compopt -o default; return ;;
        --json) [ "$1" = scram-probe ] && compopt -o default && return ;;
        --yes-this-account | --instrument | --host | --port | --listen | --test) return ;;
    esac
    case $1:$word in
        scramd:*) _scram_complete "$word" --config --check --quiet --help --version ;;
        scramd-exporter:*) _scram_complete "$word" --page --listen --public --help --version ;;
        scram-notify:*) _scram_complete "$word" --config --check --test --help --version ;;
        scram-now:-*) _scram_complete "$word" --config --for --lock-ms --json --check --help --version ;;
        scram-now:*) _scram_complete "$word" "$(_scram_targets)" ;;
        scram-probe:*)
            _scram_complete "$word" --credentials --demo --yes-this-account --with-orders --no-burst \
                --instrument --json --host --port --ca-file --help
            ;;
    esac
}

complete -F _scramctl scramctl
complete -F _scram_program scramd scram-now scram-probe scramd-exporter scram-notify
