package platform

// Address is where a part of the simulation listens and how it is entered. It is for anyone who started the simulation:
// it holds the simulated keys.
type Address struct {
	Name        string              `json:"name"`
	Kind        string              `json:"kind"`
	URL         string              `json:"url"`
	APIKey      string              `json:"api_key"`
	ViewerKey   string              `json:"viewer_key"`
	CA          string              `json:"ca,omitempty"` // PEM
	Deployments []DeploymentAddress `json:"deployments"`
}

// DeploymentAddress is where a deployment's Elasticsearch listens.
type DeploymentAddress struct {
	Name       string `json:"name"`
	ID         string `json:"id"`
	ClusterID  string `json:"cluster_id"`
	Version    string `json:"version"`
	Endpoint   string `json:"endpoint"` // as other clusters know it
	ServiceURL string `json:"service_url"`
	User       string `json:"user"`
	Password   string `json:"password"`
}

// Addresses are all of a world's.
type Addresses struct {
	Control   string    `json:"control,omitempty"`
	Platforms []Address `json:"platforms"`
}

// Addresses returns where everything listens.
func (w *World) Addresses() Addresses {
	out := Addresses{Platforms: []Address{}}
	for _, p := range w.Platforms() {
		a := Address{Name: p.name, Kind: p.kind, URL: p.url, APIKey: p.key, ViewerKey: p.viewerKey, CA: p.CA(), Deployments: []DeploymentAddress{}}
		for _, d := range p.Deployments() {
			one := DeploymentAddress{
				Name: d.Name(), ID: d.id, ClusterID: d.cluster.ID(), Version: d.cluster.Version().String(), Endpoint: d.Endpoint(), ServiceURL: d.serviceURL,
				User: DemoLinkUser, Password: d.cluster.Password(DemoLinkUser),
			}
			if one.Password == "" {
				one.User, one.Password = "elastic", d.cluster.Password("elastic")
			}
			a.Deployments = append(a.Deployments, one)
		}
		out.Platforms = append(out.Platforms, a)
	}
	return out
}
