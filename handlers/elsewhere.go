package handlers

// The pages of Elastic that help where the bot does not.
const (
	pageECK        = "https://www.elastic.co/docs/deploy-manage/remote-clusters/eck-remote-clusters"
	pageServerless = "https://www.elastic.co/docs/explore-analyze/cross-project-search"
)

// notHere is what the bot does not connect, and who does.
var notHere = []string{
	"Not here: clusters on Elastic Cloud on Kubernetes, whose operator sets `spec.remoteClusters` (<" + pageECK + "|how>), and Serverless projects, which " +
		"have no remote clusters but cross-project search (<" + pageServerless + "|how>).",
}

// whereToSee is where people find what was made, in Kibana's and the consoles' own words.
var whereToSee = []string{
	"In Kibana: _Stack Management → Remote Clusters_ has the connections of a local cluster; _Security → Roles_ and _API keys_ what they may read.",
	"In the consoles of Elastic Cloud and ECE: a deployment's _Security_ page has its remote connections, keys and whom it trusts; the platform's " +
		"_Network security_ the filters.",
}
