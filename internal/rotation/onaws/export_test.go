package onaws

// AgentOf is shown to tests.
var AgentOf = agentOf
