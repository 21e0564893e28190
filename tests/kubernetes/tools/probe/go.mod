module cloister.dev/tests/kubernetes/tools/probe

go 1.26.0
