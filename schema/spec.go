package schema

// Spec is an application in one region: merged, with defaults, ready to compile. Its shape follows #App; the
// comments there say what each field means.
type Spec struct {
	APIVersion string `json:"apiVersion"`
	Name       string `json:"name"`
	Space      string `json:"space"`
	Owner      string `json:"owner"`

	Image     Image     `json:"image"`
	Command   []string  `json:"command"`
	Args      []string  `json:"args"`
	User      int64     `json:"user"`
	Resources Resources `json:"resources"`

	Replicas         *int32            `json:"replicas"`
	Autoscale        *Autoscale        `json:"autoscale"`
	Rollout          Rollout           `json:"rollout"`
	DisruptionBudget *DisruptionBudget `json:"disruptionBudget"`
	Spread           Spread            `json:"spread"`

	Env     map[string]EnvSource `json:"env"`
	EnvFrom []EnvFrom            `json:"envFrom"`
	Files   map[string]File      `json:"files"`
	Scratch map[string]Scratch   `json:"scratch"`

	Ports map[string]Port `json:"ports"`
	HTTP  map[string]HTTP `json:"http"`
	TCP   map[string]L4   `json:"tcp"`
	UDP   map[string]L4   `json:"udp"`

	Health   Health   `json:"health"`
	Shutdown Shutdown `json:"shutdown"`

	Backends []string          `json:"backends"`
	Calls    map[string]Call   `json:"calls"`
	Accepts  map[string]Accept `json:"accepts"`

	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
	Patches     []Patch           `json:"patches"`
}

// Image is #Image: Name with Project, Tag or Digest, or Reference alone.
type Image struct {
	Name       string `json:"name"`
	Project    string `json:"project"`
	Tag        string `json:"tag"`
	Digest     string `json:"digest"`
	Reference  string `json:"reference"`
	PullSecret string `json:"pullSecret"`
}

// Resources is #Resources; quantities are as Kubernetes writes them, empty when absent.
type Resources struct {
	Requests Amounts `json:"requests"`
	Limits   Amounts `json:"limits"`
}

// Amounts are quantities of what a container uses.
type Amounts struct {
	CPU              string `json:"cpu"`
	Memory           string `json:"memory"`
	EphemeralStorage string `json:"ephemeral-storage"`
}

// Autoscale is #Autoscale; 0 means that the metric is not used.
type Autoscale struct {
	Min                   int32 `json:"min"`
	Max                   int32 `json:"max"`
	CPU                   int32 `json:"cpu"`
	Memory                int32 `json:"memory"`
	ScaleDownDelaySeconds int32 `json:"scaleDownDelaySeconds"`
}

// Rollout is #Rollout; MaxSurge and MaxUnavailable are numbers or percentages, empty when absent.
type Rollout struct {
	Strategy                string `json:"strategy"`
	MaxSurge                string `json:"maxSurge"`
	MaxUnavailable          string `json:"maxUnavailable"`
	MinReadySeconds         int32  `json:"minReadySeconds"`
	ProgressDeadlineSeconds int32  `json:"progressDeadlineSeconds"`
	RevisionHistoryLimit    int32  `json:"revisionHistoryLimit"`
}

// DisruptionBudget is #DisruptionBudget: one of the two is not empty.
type DisruptionBudget struct {
	MinAvailable   string `json:"minAvailable"`
	MaxUnavailable string `json:"maxUnavailable"`
}

// Spread is #Spread: ScheduleAnyway, DoNotSchedule or None.
type Spread struct {
	Zones string `json:"zones"`
	Nodes string `json:"nodes"`
}

// EnvSource is #EnvSource: one of the four.
type EnvSource struct {
	Value     *string `json:"value"`
	Secret    *KeyRef `json:"secret"`
	ConfigMap *KeyRef `json:"configMap"`
	Field     string  `json:"field"`
}

// KeyRef is #KeyRef.
type KeyRef struct {
	Name     string `json:"name"`
	Key      string `json:"key"`
	Optional bool   `json:"optional"`
}

// EnvFrom is #EnvFrom: Secret or ConfigMap.
type EnvFrom struct {
	Secret    string `json:"secret"`
	ConfigMap string `json:"configMap"`
	Prefix    string `json:"prefix"`
	Optional  bool   `json:"optional"`
}

// File is #File: one of Content, File, Secret and ConfigMap.
type File struct {
	Content   *string `json:"content"`
	File      string  `json:"file"`
	Secret    *KeyRef `json:"secret"`
	ConfigMap *KeyRef `json:"configMap"`
}

// Scratch is #Scratch.
type Scratch struct {
	Size   string `json:"size"`
	Memory bool   `json:"memory"`
}

// Port is #Port; ServicePort 0 means the same number.
type Port struct {
	Port        int32  `json:"port"`
	Protocol    string `json:"protocol"`
	ServicePort int32  `json:"servicePort"`
}

// HTTP is #HTTP.
type HTTP struct {
	Host            string   `json:"host"`
	Paths           []Path   `json:"paths"`
	Port            string   `json:"port"`
	TLS             *TLS     `json:"tls"`
	RedirectToHTTPS bool     `json:"redirectToHTTPS"`
	AllowFrom       []string `json:"allowFrom"`
}

// Path is #Path; an empty Port means the exposure's.
type Path struct {
	Path string `json:"path"`
	Type string `json:"type"`
	Port string `json:"port"`
}

// TLS is #TLS.
type TLS struct {
	Secret string `json:"secret"`
}

// L4 is #L4.
type L4 struct {
	Port int32  `json:"port"`
	To   string `json:"to"`
}

// Health is #Health.
type Health struct {
	Startup   *Probe `json:"startup"`
	Readiness *Probe `json:"readiness"`
	Liveness  *Probe `json:"liveness"`
}

// Probe is #Probe: one of HTTP, TCP, Command and GRPC.
type Probe struct {
	HTTP                *HTTPAction `json:"http"`
	TCP                 *TCPAction  `json:"tcp"`
	Command             []string    `json:"command"`
	GRPC                *GRPCAction `json:"grpc"`
	InitialDelaySeconds int32       `json:"initialDelaySeconds"`
	PeriodSeconds       int32       `json:"periodSeconds"`
	TimeoutSeconds      int32       `json:"timeoutSeconds"`
	SuccessThreshold    int32       `json:"successThreshold"`
	FailureThreshold    int32       `json:"failureThreshold"`
}

// HTTPAction is #HTTPAction.
type HTTPAction struct {
	Path    string            `json:"path"`
	Port    string            `json:"port"`
	Scheme  string            `json:"scheme"`
	Headers map[string]string `json:"headers"`
}

// TCPAction is #TCPAction.
type TCPAction struct {
	Port string `json:"port"`
}

// GRPCAction is #GRPCAction.
type GRPCAction struct {
	Port    string `json:"port"`
	Service string `json:"service"`
}

// Shutdown is #Shutdown.
type Shutdown struct {
	PreStop            *Hook `json:"preStop"`
	GracePeriodSeconds int64 `json:"gracePeriodSeconds"`
}

// Hook is #Hook: one of HTTP, Command and Sleep.
type Hook struct {
	HTTP    *HTTPAction `json:"http"`
	Command []string    `json:"command"`
	Sleep   int64       `json:"sleep"`
}

// Call is #Call; an empty Space means the same, an empty App the entry's name.
type Call struct {
	Space    string `json:"space"`
	App      string `json:"app"`
	Port     string `json:"port"`
	Protocol string `json:"protocol"`
}

// Accept is #Accept; an empty Space means the same, an empty App the entry's name, no Ports all.
type Accept struct {
	Space string   `json:"space"`
	App   string   `json:"app"`
	Ports []string `json:"ports"`
}

// Patch is #Patch: Patch or Path.
type Patch struct {
	Target PatchTarget `json:"target"`
	Patch  *Node       `json:"patch"`
	Path   string      `json:"path"`
}

// PatchTarget is #PatchTarget.
type PatchTarget struct {
	Kind string `json:"kind"`
}
