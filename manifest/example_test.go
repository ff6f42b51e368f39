package manifest_test

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"

	"github.com/meridian-gitops/meridian/manifest"
)

func ExampleEncode() {
	data, err := manifest.Encode(&corev1.Service{
		TypeMeta:   metav1.TypeMeta{APIVersion: "v1", Kind: "Service"},
		ObjectMeta: metav1.ObjectMeta{Name: "shop-api", Labels: map[string]string{"version": "1.20"}},
		Spec: corev1.ServiceSpec{
			Ports: []corev1.ServicePort{{Name: "http", Port: 80, TargetPort: intstr.FromString("http")}},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(string(data))
	// Output:
	// apiVersion: v1
	// kind: Service
	// metadata:
	//   name: shop-api
	//   labels:
	//     version: "1.20"
	// spec:
	//   ports:
	//   - name: http
	//     port: 80
	//     targetPort: http
}
