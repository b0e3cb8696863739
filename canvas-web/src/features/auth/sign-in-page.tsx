import { zodResolver } from '@hookform/resolvers/zod';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useLoaderData, useRouter, useSearch } from '@tanstack/react-router';
import { useState } from 'react';
import { useForm } from 'react-hook-form';
import * as z from 'zod/mini';
import { api } from '@/api/calls';
import { keys } from '@/api/keys';
import { ApiProblem } from '@/api/problem';
import type { User } from '@/api/types';
import { ProblemNote } from '@/shared/ui/bits';
import { Button } from '@/shared/ui/button';
import { Field } from '@/shared/ui/forms';
import { AuthCard } from './auth-card';

const signIn = z.object({
  email: z.string().check(z.trim(), z.minLength(3, 'Enter your e-mail address.')),
  password: z.string().check(z.minLength(1, 'Enter your password.')),
});
const register = z.object({
  name: z.string().check(z.trim(), z.minLength(1, 'Enter your name.'), z.maxLength(80, 'At most 80 characters.')),
  email: z.string().check(z.trim(), z.email('Enter a valid e-mail address.')),
  password: z.string().check(z.minLength(10, 'At least 10 characters.'), z.maxLength(256, 'At most 256 characters.')),
});

export function SignInPage() {
  const setup = useLoaderData({ from: '/login' });
  const { next } = useSearch({ from: '/login' });
  const [chosen, setRegistering] = useState<boolean>();
  // What the server says may still change when an earlier answer was shown first.
  const registering = chosen ?? setup.first_run;
  const router = useRouter();
  const cache = useQueryClient();
  const enter = async (user: User) => {
    cache.clear();
    cache.setQueryData(keys.me, user);
    router.history.push(next ?? '/');
  };

  if (registering) {
    return (
      <AuthCard
        title={setup.first_run ? 'Set up Coord' : 'Create your account'}
        lead={
          setup.first_run ? 'This server is new. Create the first account; it owns what it makes and can invite the others.' : undefined
        }
      >
        <RegisterForm onDone={enter} />
        {!setup.first_run && (
          <p className="mt-4 text-ink-2 text-sm">
            Have an account?{' '}
            <button type="button" className="text-accent underline underline-offset-2" onClick={() => setRegistering(false)}>
              Sign in
            </button>
          </p>
        )}
      </AuthCard>
    );
  }
  return (
    <AuthCard title="Sign in" lead="Plan work with your team, and let agents do some of it.">
      <SignInForm onDone={enter} />
      <p className="mt-4 text-ink-2 text-sm">
        <Link to="/forgot-password" className="text-accent underline underline-offset-2">
          Forgot your password?
        </Link>
      </p>
      {!setup.registration_open && (
        <p className="mt-2 text-ink-3 text-sm">
          {setup.registration === 'invited'
            ? 'New here? Accounts are made by invitation: open the link you were sent, or ask an admin for one.'
            : 'No new accounts are made on this server.'}
        </p>
      )}
      {setup.registration_open && (
        <p className="mt-2 text-ink-2 text-sm">
          New here?{' '}
          <button type="button" className="text-accent underline underline-offset-2" onClick={() => setRegistering(true)}>
            Create an account
          </button>
        </p>
      )}
    </AuthCard>
  );
}

function SignInForm({ onDone }: { onDone: (user: User) => Promise<void> }) {
  const form = useForm({ resolver: zodResolver(signIn), defaultValues: { email: '', password: '' } });
  const { errors, isSubmitting } = form.formState;
  const [problem, setProblem] = useState<unknown>();
  const submit = form.handleSubmit(async (values) => {
    setProblem(undefined);
    try {
      await onDone(await api.login(values));
    } catch (error) {
      setProblem(error);
      form.setFocus('password');
    }
  });
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      <Field label="E-mail" error={errors.email?.message}>
        {(ids) => <input {...ids} {...form.register('email')} type="email" autoComplete="username" className="field" autoFocus />}
      </Field>
      <Field label="Password" error={errors.password?.message}>
        {(ids) => <input {...ids} {...form.register('password')} type="password" autoComplete="current-password" className="field" />}
      </Field>
      {problem !== undefined && <ProblemNote error={problem} />}
      <Button type="submit" look="primary" busy={isSubmitting} className="h-9">
        Sign in
      </Button>
    </form>
  );
}

function RegisterForm({ onDone }: { onDone: (user: User) => Promise<void> }) {
  const form = useForm({ resolver: zodResolver(register), defaultValues: { name: '', email: '', password: '' } });
  const { errors, isSubmitting } = form.formState;
  const [problem, setProblem] = useState<unknown>();
  const submit = form.handleSubmit(async (values) => {
    setProblem(undefined);
    try {
      await onDone(await api.register(values));
    } catch (error) {
      setProblem(error);
      if (error instanceof ApiProblem) {
        for (const name of ['name', 'email', 'password'] as const) {
          if (error.errors[name]) {
            form.setError(name, { message: error.errors[name] });
          }
        }
      }
    }
  });
  return (
    <form onSubmit={submit} className="flex flex-col gap-4" noValidate>
      <Field label="Name" hint="Shown to your team." error={errors.name?.message}>
        {(ids) => <input {...ids} {...form.register('name')} autoComplete="name" className="field" autoFocus />}
      </Field>
      <Field label="E-mail" error={errors.email?.message}>
        {(ids) => <input {...ids} {...form.register('email')} type="email" autoComplete="username" className="field" />}
      </Field>
      <Field label="Password" hint="At least 10 characters." error={errors.password?.message}>
        {(ids) => <input {...ids} {...form.register('password')} type="password" autoComplete="new-password" className="field" />}
      </Field>
      {problem !== undefined && <ProblemNote error={problem} />}
      <Button type="submit" look="primary" busy={isSubmitting} className="h-9">
        Create account
      </Button>
    </form>
  );
}
