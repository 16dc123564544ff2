# bash completion for scramctl, scramd and scram-now

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
        --socket | --config | -c) compopt -o default; return ;;
        --directory) compopt -o dirnames; return ;;
        --reason | --wait | --trip) return ;;
    esac
    if [ "$COMP_CWORD" = 1 ]; then
        _scram_complete "$word" status ready watch latency reload trip rearm receipt receipts journal check \
            publish --help --version
        return
    fi
    case ${COMP_WORDS[1]} in
        trip) options+=" --socket --reason --wait" ;;
        rearm) options+=" --socket --reason --trip --force" ;;
        receipt) options+=" --socket --directory --signals" ;;
        receipts) options+=" --socket --directory" ;;
        journal) options="--help --json --directory --verify" ;;
        check) options="--help --json --config" ;;
        publish) options="--help --json --signals" ;;
        *) options+=" --socket" ;;
    esac
    case ${COMP_WORDS[1]}:$word in
        *:-*) _scram_complete "$word" "$options" ;;
        trip: | trip:[!-]* | rearm: | rearm:[!-]*) _scram_complete "$word" "$(_scram_targets)" ;;
    esac
}

_scram_program() {
    local word=${COMP_WORDS[COMP_CWORD]}
    case ${COMP_WORDS[COMP_CWORD - 1]} in
        --config | -c) compopt -o default; return ;;
    esac
    case $1:$word in
        scramd:*) _scram_complete "$word" --config --check --quiet --help --version ;;
        scram-now:-*) _scram_complete "$word" --config --for --lock-ms --json --check --help --version ;;
        scram-now:*) _scram_complete "$word" "$(_scram_targets)" ;;
    esac
}

complete -F _scramctl scramctl
complete -F _scram_program scramd scram-now
