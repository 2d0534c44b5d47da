"""The AWS CLI against moto: as it is, except for `cloudformation deploy`.

Moto makes no outputs of a stack that comes from a change set, which is how `deploy` works. So a
deployment becomes create-stack or update-stack here, with what `deploy` adds: the parameters that
are not given keep their values. Run by stacks.sh, with the Python of the AWS CLI.
"""

import contextlib
import io
import json
import sys

from awscli.clidriver import main


def run(*arguments):
    """What the AWS CLI prints, and how it ends."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        sys.argv = ["aws", *arguments]
        code = main()
    return code, out.getvalue(), err.getvalue()


def deploy(arguments):
    flags, overrides = {}, {}
    words = iter(arguments)
    for word in words:
        if word == "--no-fail-on-empty-changeset":
            continue
        if word.startswith("--") and word != "--parameter-overrides":
            flags[word] = next(words)
        elif "=" in word:
            name, _, value = word.partition("=")
            overrides[name] = value
    name = flags["--stack-name"]
    code, out, _ = run("cloudformation", "describe-stacks", "--stack-name", name, "--output", "json")
    old = json.loads(out)["Stacks"][0].get("Parameters", []) if code == 0 else []
    parameters = {one["ParameterKey"]: {"ParameterKey": one["ParameterKey"], "UsePreviousValue": True} for one in old}
    parameters |= {key: {"ParameterKey": key, "ParameterValue": value} for key, value in overrides.items()}
    code, out, err = run(
        "cloudformation", "update-stack" if code == 0 else "create-stack", "--stack-name", name,
        "--template-body", f"file://{flags['--template-file']}", "--capabilities", flags["--capabilities"],
        "--parameters", json.dumps(list(parameters.values())),
    )
    if "No updates are to be performed" in err:
        return 0
    sys.stdout.write(out)
    sys.stderr.write(err)
    return code


if __name__ == "__main__":
    if sys.argv[1:3] == ["cloudformation", "deploy"]:
        sys.exit(deploy(sys.argv[3:]))
    sys.exit(main())
