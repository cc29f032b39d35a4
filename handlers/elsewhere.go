package handlers

// The pages of Elastic that help where the bot does not.
const (
	pageECK        = "https://www.elastic.co/docs/deploy-manage/remote-clusters/eck-remote-clusters"
	pageServerless = "https://www.elastic.co/docs/explore-analyze/cross-project-search"
)

// notHere is what the bot does not connect, and who does.
var notHere = []string{
	"Not supported: clusters on Elastic Cloud on Kubernetes, whose operator sets `spec.remoteClusters` (<" + pageECK + "|how>), and Serverless projects, which " +
		"use cross-project search instead (<" + pageServerless + "|how>).",
}

// whereToSee is where people find what was made, in Kibana's and the consoles' own words.
var whereToSee = []string{
	"In Kibana, _Stack Management → Remote Clusters_ lists a cluster's connections. _Security → Roles_ and _API keys_ show what they may read.",
	"In the consoles of Elastic Cloud and ECE, a deployment's _Security_ page shows its remote connections, keys and trust. The platform's " +
		"_Network security_ page shows the filters.",
}
