package realcluster

import "testing"

func TestOnlyAnUnreachableRepositoryIsUnreachable(t *testing.T) {
	for out, want := range map[string]bool{
		"[ERROR] Plugin maven-resources-plugin:2.6 could not be resolved: Could not transfer artifact maven-resources-plugin:pom:2.6 from/to central: " +
			"Connect to 127.0.0.1:1 failed: Connection refused": true,
		"[ERROR] Plugin maven-resources-plugin:2.6 could not be resolved: Cannot access central in offline mode and the artifact " +
			"maven-resources-plugin:jar:2.6 has not been downloaded from it before.": true,
		"[ERROR] Could not resolve dependencies: Could not find artifact org.elasticsearch:elasticsearch:jar:8.99.4 in central": false,
		"[ERROR] Compilation failure\n[ERROR] RealNode.java:[43,13] cannot find symbol":                                         false,
	} {
		if got := isUnreachable(out); got != want {
			t.Errorf("%s: %v", out, got)
		}
	}
}
