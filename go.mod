module github.com/remote-cluster-bot/remote-cluster-bot

go 1.26.0
