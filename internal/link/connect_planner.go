package link

// The steps of a connect, as the journal names them.
const ()
