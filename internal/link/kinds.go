package link

import "github.com/remote-cluster-bot/remote-cluster-bot/internal/change"

// KindAdopt asks to take a connection that was made by hand under management. It changes no cluster.
const KindAdopt change.Kind = "link.adopt"

// KindConnect asks for a new connection under the API key model.
const KindConnect change.Kind = "link.connect"

// KindDisconnect asks for the end of a connection.
const KindDisconnect change.Kind = "link.disconnect"

// KindMigrate asks to take connections from certificates to API keys under the same aliases.
const KindMigrate change.Kind = "link.migrate"

// KindRotate asks for a new key in place of a connection's old one.
const KindRotate change.Kind = "link.rotate"

// KindUpdate asks for other access or settings of a connection.
const KindUpdate change.Kind = "link.update"
