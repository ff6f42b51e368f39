package main

import (
	"bytes"
	"fmt"
	"io"
	"net"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"
)

// agentSigner signs through the agent, which it asks anew each time.
type agentSigner struct {
	socket string
	public ssh.PublicKey
}

// inAgent is the key as the agent has it; nil when it does not, or there is no agent.
func (c *cli) inAgent(public ssh.PublicKey) ssh.Signer {
	signer := agentSigner{c.Getenv("SSH_AUTH_SOCK"), public}
	if public == nil || signer.socket == "" {
		return nil
	}
	holds := false
	err := signer.ask(func(a agent.ExtendedAgent) error {
		keys, err := a.List()
		for _, key := range keys {
			holds = holds || bytes.Equal(key.Marshal(), public.Marshal())
		}
		return err
	})
	if err != nil || !holds {
		return nil
	}
	return signer
}

func (s agentSigner) ask(question func(agent.ExtendedAgent) error) error {
	conn, err := net.Dial("unix", s.socket)
	if err != nil {
		return fmt.Errorf("reach the agent: %w", err)
	}
	defer conn.Close()
	return question(agent.NewClient(conn))
}

func (s agentSigner) PublicKey() ssh.PublicKey { return s.public }

func (s agentSigner) Sign(random io.Reader, data []byte) (*ssh.Signature, error) {
	return s.SignWithAlgorithm(random, data, s.public.Type())
}

// SignWithAlgorithm implements [ssh.AlgorithmSigner]: an RSA key can sign in several ways.
func (s agentSigner) SignWithAlgorithm(_ io.Reader, data []byte, algorithm string) (*ssh.Signature, error) {
	var flags agent.SignatureFlags
	if algorithm == ssh.KeyAlgoRSASHA512 {
		flags = agent.SignatureFlagRsaSha512
	}
	var made *ssh.Signature
	err := s.ask(func(a agent.ExtendedAgent) (err error) {
		made, err = a.SignWithFlags(s.public, data, flags)
		return err
	})
	return made, err
}
