package realcluster

import (
	"os/exec"
	"syscall"
)

// endWithParent has the system end the process should ours be killed: should it not notice that its input ended.
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
}
